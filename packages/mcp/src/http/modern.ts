/**
 * The revision 2026-07-28 of MCP, in which each request says for itself who it is from: what is asked for in it, and how it is answered.
 * Served with MCP Events alone, which are made for it; whatever says nothing of it is served as before.
 */
import { VERSION } from "@agentmesh/protocol";
import * as z from "zod";
import { instructions } from "../shown/instructions.ts";
import type { Answer, Message, Request } from "../wire/message.ts";
import { ERROR } from "../wire/request-error.ts";

/** Its name, as requests and answers have it. */
export const MODERN = "2026-07-28";

/** How long a client may keep what it was told of tools and event types, in milliseconds: they change with the broker. */
export const KEPT_MS = 300_000;

/** Codes of this revision. */
const MODERN_ERROR = { headerMismatch: -32_020, unsupportedVersion: -32_022 } as const;

const NAMES = "io.modelcontextprotocol/";
const Envelope = z.looseObject({
  [`${NAMES}protocolVersion`]: z.string(),
  [`${NAMES}clientCapabilities`]: z.looseObject({}),
});

/** What came with a request beside its body. */
export interface Told {
  readonly revision: string | undefined;
  readonly method: string | undefined;
  readonly name: string | undefined;
}

/** Whether a message is of it; one that says so, and is not as it says, is refused. */
export type Era =
  | { readonly kind: "legacy" }
  | { readonly kind: "modern"; readonly request: Request }
  | { readonly kind: "refused"; readonly status: 400 | 404; readonly answer: object };

/** Methods that are served in it; those of `events/` beside them. */
const METHODS = ["server/discover", "tools/list", "tools/call"];

/** Judges a message by what it says itself, and by what its headers say. */
export function eraOf(message: Message, { revision, method, name }: Told): Era {
  const meta = "method" in message ? message.params?._meta : undefined;
  const claims = meta !== undefined && `${NAMES}protocolVersion` in meta;
  if (!claims && revision !== MODERN) return { kind: "legacy" };
  if (!("method" in message && "id" in message)) return { kind: "legacy" };
  const refused = (code: number, said: string, data?: object): Era => ({
    kind: "refused",
    status: code === ERROR.unknownMethod ? 404 : 400,
    answer: { jsonrpc: "2.0", id: message.id, error: { code, message: said, ...(data && { data }) } },
  });
  const { data: envelope } = Envelope.safeParse(meta);
  if (!envelope) {
    return refused(
      ERROR.invalidParams,
      `params._meta has to name ${NAMES}protocolVersion and ${NAMES}clientCapabilities.`,
    );
  }
  const requested = envelope[`${NAMES}protocolVersion`];
  if (requested !== MODERN) {
    return refused(MODERN_ERROR.unsupportedVersion, `${MODERN} is spoken here.`, { supported: [MODERN], requested });
  }
  const named = message.method === "tools/call" ? message.params?.name : undefined;
  if (revision !== requested)
    return refused(MODERN_ERROR.headerMismatch, "MCP-Protocol-Version says another revision than the body.");
  if (method !== message.method)
    return refused(MODERN_ERROR.headerMismatch, "Mcp-Method says another method than the body.");
  if (named !== undefined && name !== named)
    return refused(MODERN_ERROR.headerMismatch, "Mcp-Name says another tool than the body.");
  if (METHODS.includes(message.method) || message.method.startsWith("events/"))
    return { kind: "modern", request: message };
  return refused(ERROR.unknownMethod, "agentmesh does not know this method.");
}

/** What is told of the server, and that it has events. */
export function discovered(): Record<string, unknown> {
  const extensions = { [`${NAMES}events`]: {} };
  return {
    supportedVersions: [MODERN],
    // Said twice: clients that know the extension as it was drafted look for it beside the tools.
    capabilities: { tools: {}, events: {}, extensions },
    instructions,
    ...{ ttlMs: KEPT_MS, cacheScope: "private" },
  };
}

/** An answer as this revision has it. */
export function modernAnswer(answer: Answer, method: string): object {
  if (!answer.result) return answer;
  const kept = method === "tools/list" ? { ttlMs: KEPT_MS, cacheScope: "private" } : {};
  const meta = { [`${NAMES}serverInfo`]: { name: "agentmesh", version: VERSION } };
  return { ...answer, result: { resultType: "complete", ...kept, ...answer.result, _meta: meta } };
}
