/** `agentmesh leave`: this machine leaves the mesh that it has joined. */
import { rmSync } from "node:fs";
import { BrokerUnreachableError, MeshApiError } from "@agentmesh/client";
import {
  forgetJoinedMesh,
  type JoinedMesh,
  readJoinedMesh,
  refusedBy,
  StateFolderError,
  UntrustedBrokerError,
} from "@agentmesh/client/node";
import { CommandError } from "../../command-error.ts";
import type { Context } from "../../context.ts";
import { jsonText, print, tell, warn } from "../../terminal/output.ts";
import { confirmEnd, ownAgents } from "./ending.ts";

/** Leaves; where the broker cannot be told, forgets it here and says so. @throws CommandError, MeshApiError */
export async function leave(context: Context, options: { readonly yes?: true }): Promise<void> {
  const { folder } = context;
  const joined = joinedOrDamaged(context);
  if (joined === undefined) {
    throw new CommandError("not_joined", "This machine has joined no mesh. Nothing was done.", "refused");
  }
  const told = joined === "damaged" ? undefined : await tellBroker(context, joined, options.yes === true);
  const { agents } = folder;
  forgetJoinedMesh(folder);
  if (joined !== "damaged") removeTokens(agents);
  if (context.json) return print(jsonText({ left: true, told: told !== undefined, agents: told ?? 0 }));
  await tell(
    told === undefined
      ? "This machine has forgotten the mesh that it had joined."
      : `This machine has left the mesh${told === 0 ? "" : `, and ${told === 1 ? "its agent" : `its ${told} agents`} with it`}: its credential is void.`,
  );
  if (told === undefined) {
    warn(
      `the broker was not told, and holds the credential for good, unless it has put this machine out before. On its machine: agentmesh revoke ${joined === "damaged" ? "MACHINE" : joined.machine}`,
    );
  }
}

function joinedOrDamaged({ folder }: Context): JoinedMesh | "damaged" | undefined {
  try {
    return readJoinedMesh(folder);
  } catch (error) {
    if (error instanceof StateFolderError) return "damaged";
    throw error;
  }
}

/** How many agents left with it; undefined where the broker was not told. */
async function tellBroker(context: Context, { machine }: JoinedMesh, yes: boolean): Promise<number | undefined> {
  try {
    const client = await context.admin();
    await confirmEnd("This machine", await ownAgents(client, machine), { yes, verb: "Leave" });
    return (await client.revokeMachine({ machine: "me" })).agents;
  } catch (error) {
    const isAway = error instanceof BrokerUnreachableError || error instanceof UntrustedBrokerError;
    // One that was revoked before has nothing left to say.
    if (error instanceof MeshApiError && error.code === "token_revoked") return 0;
    if (isAway || (error instanceof MeshApiError && error.code === "unauthenticated")) return undefined;
    throw error;
  }
}

function removeTokens(agents: string): void {
  try {
    rmSync(agents, { recursive: true, force: true });
  } catch (error) {
    throw refusedBy(error, agents, "cannot be removed", { path: agents });
  }
}
