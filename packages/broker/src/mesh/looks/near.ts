/** Who works near an agent: on its machine, in its directory there, or in its repository on any machine. */
import type { Near } from "@agentmesh/protocol";
import type { AnyCaller } from "../caller.ts";
import { MeshError } from "../errors.ts";
import type { KnownAgent } from "../store.ts";

/** Where an agent works, as far as that is known. */
type Placed = Pick<KnownAgent, "profile" | "machine">;

/** Whether an agent is near the caller, in this sense; everybody where nothing is asked. @throws MeshError invalid_request */
export function nearTo(caller: AnyCaller, near: Near | undefined): ((other: Placed) => boolean) | undefined {
  if (near === undefined) return undefined;
  if (caller.kind === "agent") return (other) => isNear[near](caller.agent, other);
  throw new MeshError("invalid_request", `"near" asks from where an agent works. Ask with an agent's token.`);
}

const isNear: Readonly<Record<Near, (a: Placed, b: Placed) => boolean>> = {
  machine: onOneMachine,
  directory: (a, b) => onOneMachine(a, b) && same("directory", a, b),
  repo: (a, b) => same("repoUrl", a, b) || (onOneMachine(a, b) && same("repo", a, b)),
};

/** By its credential, and where several hosts share the mesh key, by its name; one that said none is taken for near. */
function onOneMachine(a: Placed, b: Placed): boolean {
  const [own, other] = [a.profile.host, b.profile.host];
  return a.machine?.id === b.machine?.id && (own === undefined || other === undefined || own === other);
}

function same(field: "directory" | "repo" | "repoUrl", { profile: a }: Placed, { profile: b }: Placed): boolean {
  return a[field] !== undefined && a[field] === b[field];
}
