/** Routes of topics and subscriptions. */
import type { Mesh } from "../../mesh/mesh.ts";
import type { Bind } from "../bind.ts";

/** Binds them. */
export function topicRoutes(bind: Bind, mesh: Mesh): void {
  bind.usual("publish", ({ params, body, caller }) => mesh.topics.publish(caller, params.topic, body));
  bind("listTopics", ({ query, caller, signal }) => mesh.topics.list(caller, query, signal));
  bind("subscribe", ({ body, caller }) => mesh.topics.subscribe(caller, body));
  bind("unsubscribe", ({ params, caller }) => mesh.topics.unsubscribe(caller, params.topic));
  bind("listSubscriptions", ({ query, caller }) => mesh.topics.subscriptions(caller, query));
}
