/** Tool ask_peer: a question to one agent, waited for a while. */
import { endpoints, fenceAttribute, toldTrust } from "@agentmesh/protocol";
import * as z from "zod";
import { notYourUser } from "../shown/instructions.ts";
import { defang, defangLine, quotedUnlessWord } from "../shown/render.ts";
import { recipientData, recipientWords, trustData } from "./agent-row.ts";
import { showOnce } from "./given.ts";
import { tool } from "./tool.ts";

/** Longest wait of one call, in seconds: beyond two minutes clients move a call to the background. */
const MAX_WAIT_SECONDS = 110;

/** Long enough for a client to keep the result, in milliseconds; then the answer comes as a message. */
const LEASE_MS = 60_000;

/** Asks; the answer comes back in the result, or later into the inbox. It is acked when the client was given the result. */
export const askPeer = tool({
  name: "ask_peer",
  description:
    "Ask another agent a question and wait for its answer. Pending when the time is over is no failure: the answer then comes as a message.",
  annotations: { title: "Ask an agent", readOnlyHint: false, destructiveHint: false, openWorldHint: false },
  input: z.strictObject({
    to: z.string().min(1).max(128).meta({ description: "name of the agent" }),
    message: z.string().min(1).meta({ description: "the question" }),
    wait_seconds: z.int().min(1).max(MAX_WAIT_SECONDS).default(30),
  }),
  waitMs: ({ wait_seconds }) => wait_seconds * 1_000,
  async run(session, { to, message, wait_seconds }, signal, { waitMs, soon }) {
    const { client, mesh, sendKeys } = session;
    const lease = { leaseMs: LEASE_MS, session: mesh.id };
    // Whoever is to wait long is told as soon as by any other tool that nobody hears the question. A run that comes later was heard before.
    const unheard = new AbortController();
    if (!soon.aborted) {
      const inTime = AbortSignal.any([signal, soon]);
      const hears = client.connection.call(endpoints.livez, {}, { signal: inTime });
      hears.catch((error: unknown) => unheard.abort(error));
    }
    const heard = AbortSignal.any([signal, unheard.signal]);
    const answer = await sendKeys.under(["ask", to, message], (idempotencyKey) =>
      client.ask({ to, body: message, timeoutMs: waitMs, idempotencyKey, lease }, { signal: heard }),
    );
    const { delivery, messageId, reply, replyDelivery } = answer;
    if (reply) {
      const told = toldTrust(answer.replyTrust, reply);
      const trust = told === undefined ? "" : ` trust="${fenceAttribute(told)}"`;
      return {
        text: `${delivery.to.name} answered:\n<agentmesh from="${delivery.to.name}"${trust}>\n${defang(reply.body)}\n</agentmesh>\n${notYourUser}`,
        data: {
          status: "replied",
          message_id: messageId,
          from: delivery.to.name,
          ...trustData(answer.replyTrust, reply),
          answer: defang(reply.body),
          note: notYourUser,
        },
        ...(replyDelivery && { settle: showOnce(session, [replyDelivery]) }),
      };
    }
    if (answer.status === "ended") {
      const why = defangLine(answer.endedWhy ?? "no reason given");
      const isWaived = answer.endedWhy?.startsWith("waived") === true;
      return {
        text: isWaived
          ? `${delivery.to.name} owes no answer any more: ${why}. Go on without it; a late one would still come as a message.`
          : `No answer will come: the question is ${delivery.state} for ${delivery.to.name} (${quotedUnlessWord(why)}).`,
        data: { status: "ended", message_id: messageId, to: delivery.to.name, state: delivery.state, why },
      };
    }
    const { recipient } = delivery;
    const warnings = delivery.warnings.map(({ code, detail }) => ({ code, detail: defangLine(detail, 400) }));
    const cut = waitMs < wait_seconds * 1_000 ? ", and this client may not wait longer for one call" : "";
    const known = `${delivery.to.name} is ${recipientWords(recipient)}; the question is ${delivery.state} there.`;
    return {
      text: `No answer within ${waitMs / 1_000} s${cut}: pending, not failed. ${known} The answer will come as a message with in_reply_to="${messageId}"; do not ask again.${warnings.map(({ code, detail }) => `\nWarning (${code}): ${detail}`).join("")}`,
      data: {
        status: "pending",
        message_id: messageId,
        to: delivery.to.name,
        state: delivery.state,
        ...recipientData(recipient),
        due_at: answer.dueAt,
        ...(warnings.length > 0 && { warnings }),
      },
    };
  },
});
