/** Routes of machines, invites and the audit log. */
import type { Mesh } from "../../mesh/mesh.ts";
import { addressOf } from "../address.ts";
import type { Bind } from "../bind.ts";
import type { WrongTokens } from "../budgets/wrong-tokens.ts";
import type { BrokerFacts } from "./system.ts";

/** Binds them. A secret that no invite has is answered, and counted, as a wrong token. */
export function machineRoutes(bind: Bind, mesh: Mesh, facts: BrokerFacts, wrong: WrongTokens): void {
  bind("invite", async ({ body, caller }) => ({
    invite: await mesh.machines.invite(caller, body),
    ...facts.reachedAt(),
  }));
  bind("listInvites", () => mesh.machines.listInvites());
  bind("takeBackInvite", ({ params, caller }) => mesh.machines.takeBack(caller, params.invite));
  bind("joinMesh", async ({ body, request }) => {
    const address = addressOf(request.raw.socket);
    const joined = await mesh.machines.join(body, address);
    if (!joined) throw wrong.refusal(address ?? "an unknown address", "invite");
    return joined;
  });
  bind("listMachines", ({ query }) => mesh.machines.list(query));
  bind("revokeMachine", ({ params, caller }) => mesh.machines.revoke(caller, params.machine));
  bind("rotateToken", ({ body, caller }) => mesh.machines.rotate(caller, body));
  bind("audit", ({ query, signal }) => mesh.audit.list(query, signal));
}
