/** The route of the push stream. */
import { KEEPALIVE_MS } from "@agentmesh/protocol";
import type { Mesh } from "../../mesh/mesh.ts";
import { SseSink } from "../../sinks/sse.ts";
import type { Bind } from "../bind.ts";

/**
 * Binds it. A stream ends with its session, and does not renew it: a socket takes keepalives long after its process
 * has stopped reading.
 */
export function streamRoute(bind: Bind, mesh: Mesh): void {
  bind("stream", async ({ query, caller, request, reply }) => {
    const { queued } = await mesh.sessions.heartbeat(caller, query.session);
    const terms = {
      agentId: caller.agent.id,
      session: query.session,
      maxInFlight: query.maxInFlight,
      leaseMs: query.leaseMs,
      maxPushes: query.maxPushes,
      urgency: query.urgency,
      lastPosition: Number(request.headers["last-event-id"]) || undefined,
    };
    const { sink, detach } = await mesh.streams.attach(terms, () => {
      reply.hijack();
      return new SseSink(reply.raw, queued);
    });
    const beat = setInterval(async () => {
      sink.keepalive();
      const open = await mesh.sessions.isOpen(query.session).catch(() => true);
      if (!open) sink.close("session_over", true);
    }, KEEPALIVE_MS);
    sink.onClose(() => {
      clearInterval(beat);
      detach();
    });
    return undefined;
  });
}
