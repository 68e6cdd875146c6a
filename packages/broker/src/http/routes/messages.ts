/** Routes of messages and their log. */
import type { Mesh } from "../../mesh/mesh.ts";
import type { Bind } from "../bind.ts";

/** Binds them. */
export function messageRoutes(bind: Bind, mesh: Mesh): void {
  bind.usual("send", ({ body, caller }) => mesh.messages.send(caller, body));
  bind("listMessages", ({ query, caller, signal }) => mesh.history.list(caller, query, signal));
  bind.usual("ask", async ({ body, caller, signal, onAnswered }) => {
    const { answer, over } = await mesh.asks.ask(caller, body, signal);
    onAnswered(over);
    return answer;
  });
  bind("listAsks", ({ query, caller }) => mesh.asks.list(caller, query));
  bind("getMessage", ({ params, query, caller, signal }) =>
    mesh.messages.status(caller, params.message, query, signal),
  );
  bind("waive", ({ params, caller }) => mesh.asks.waive(caller, params.message));
  bind("cancel", ({ params, caller }) => mesh.messages.cancel(caller, params.message));
  bind("log", ({ query, caller, signal }) => mesh.messages.log(caller, query, signal));
}
