/** Routes of webhooks. */
import type { Mesh } from "../../mesh/mesh.ts";
import type { Bind } from "../bind.ts";

/** Binds them. */
export function webhookRoutes(bind: Bind, mesh: Mesh): void {
  bind("setWebhook", ({ params, body, caller }) => mesh.webhooks.set(caller, params.agent, body));
  bind("getWebhook", ({ params, caller }) => mesh.webhooks.show(caller, params.agent));
  bind("testWebhook", ({ params, caller }) => mesh.webhooks.test(caller, params.agent));
  bind("rotateWebhook", ({ params, body, caller }) => mesh.webhooks.rotate(caller, params.agent, body));
  bind("removeWebhook", ({ params, caller }) => mesh.webhooks.remove(caller, params.agent));
}
