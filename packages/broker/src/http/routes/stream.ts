/** The routes of the streams of a session: the one that brings mail, and the one that brings none. */
import { KEEPALIVE_MS } from "@agentmesh/protocol";
import type { Mesh } from "../../mesh/mesh.ts";
import { InboxStreamSink } from "../../sinks/inbox-stream.ts";
import { Keepalives } from "../../sinks/keepalives.ts";
import type { Bind } from "../bind.ts";

/**
 * Binds them. A stream ends with its session, and does not renew it: a socket takes keepalives long after its process
 * has stopped reading.
 */
export function streamRoute(bind: Bind, mesh: Mesh): void {
  const keepalives = new Keepalives(KEEPALIVE_MS);
  bind.usual("stream", async ({ query, caller, raw, response, takeOver }) => {
    const { queued } = await mesh.sessions.heartbeat(caller, query.session);
    const terms = {
      agentId: caller.agent.id,
      session: query.session,
      maxInFlight: query.maxInFlight,
      leaseMs: query.leaseMs,
      maxPushes: query.maxPushes,
      urgency: query.urgency,
      lastPosition: Number(raw.headers["last-event-id"]) || undefined,
    };
    const { sink, detach } = await mesh.streams.attach(terms, () => {
      takeOver();
      return new InboxStreamSink(response, queued);
    });
    const off = keepalives.add(() => sink.keepalive());
    sink.onClose(() => {
      off();
      detach();
    });
    return undefined;
  });
  bind("sessionStream", async ({ params, caller, response, takeOver }) => {
    const { queued } = await mesh.sessions.heartbeat(caller, params.session);
    takeOver();
    const sink = new InboxStreamSink(response, queued);
    const { detach } = mesh.presence.attach(caller.agent.id, params.session, sink);
    const off = keepalives.add(() => sink.keepalive());
    sink.onClose(() => {
      off();
      detach();
    });
    return undefined;
  });
}
