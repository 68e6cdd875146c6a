/** The route of the events. */
import { EventCursor, inWords, KEEPALIVE_MS } from "@agentmesh/protocol";
import type { Mesh } from "../../mesh/mesh.ts";
import { EventStreamSink } from "../../sinks/event-stream.ts";
import { Keepalives } from "../../sinks/keepalives.ts";
import type { Bind } from "../bind.ts";

/** A browser draws no more often, and more rarely the longer much happens: what comes meanwhile is one piece. In milliseconds. */
const PAGE_RESTS = [250, 1_000, 2_000] as const;

/** Binds it. */
export function eventsRoute(bind: Bind, mesh: Mesh): void {
  const keepalives = new Keepalives(KEEPALIVE_MS);
  bind("events", async ({ query, caller, request, reply }) => {
    const last = EventCursor.optional().parse(request.headers["last-event-id"] || undefined, inWords);
    const terms = { ...query, after: last ?? query.after };
    const sink = await mesh.events.attach(caller, terms, (cursor) => {
      reply.hijack();
      const isPage = caller.kind === "key" && caller.page !== undefined;
      return new EventStreamSink(reply.raw, cursor, isPage ? PAGE_RESTS : undefined);
    });
    sink.onClose(keepalives.add(() => sink.keepalive()));
    return undefined;
  });
}
