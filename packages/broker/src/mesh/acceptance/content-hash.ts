/** What makes a repeated send the same as the first. */
import { createHash } from "node:crypto";
import type { EndpointRequest, endpoints, Party } from "@agentmesh/protocol";

type SendBody = EndpointRequest<(typeof endpoints)["send"]>["body"];

/** An ask and a send of the same text are not the same. */
export function contentHash(request: SendBody, recipient: Party, isAsk: boolean): string {
  const { body, inReplyTo, threadId, ttlMs, urgency } = request;
  const content = [recipient.id, body, inReplyTo, threadId, ttlMs, urgency, ...(isAsk ? ["ask"] : [])];
  return createHash("sha256").update(JSON.stringify(content)).digest("hex");
}
