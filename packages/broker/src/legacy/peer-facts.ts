/** What a client of the predecessor said of itself, and what is kept and shown of that. */
import { basename } from "node:path";
import { type AgentProfile, MAX_SUMMARY_CHARS, plainLine, toAgentName } from "@agentmesh/protocol";
import * as z from "zod";
import { type RegisterPeer, Transport } from "./wire.ts";

/** What is kept of a peer beside its agent. */
export const PeerFacts = z.object({
  pid: z.union([z.string(), z.number()]),
  cwd: z.string(),
  git_root: z.string().nullable(),
  tty: z.string().nullable(),
  hostname: z.string(),
  summary: z.string(),
  agent_type: z.string(),
  agent_name: z.string(),
  capabilities: z.array(z.string()),
  transport: Transport,
  registered_at: z.string(),
  /** `here`: it registered or polled. `left`: it said goodbye. `sender`: a name that something was sent under. */
  standing: z.enum(["here", "left", "sender"]),
  /** It has shown its token, and needs it from then on. */
  bound: z.boolean(),
});
export type PeerFacts = z.infer<typeof PeerFacts>;

/** What is kept of a client that registers. */
export function factsOf(said: RegisterPeer, now: string): PeerFacts {
  return {
    ...said,
    git_root: said.git_root ?? null,
    tty: said.tty ?? null,
    registered_at: now,
    standing: "here",
    bound: false,
  };
}

/** What is known of one that never registered here: a client of an earlier broker, or a mere sender. */
export function unknownFacts(standing: PeerFacts["standing"], now: string): PeerFacts {
  return {
    pid: 0,
    cwd: "",
    git_root: null,
    tty: null,
    hostname: "localhost",
    summary: "",
    agent_type: "claude-code",
    agent_name: "",
    capabilities: [],
    transport: { type: "poll" },
    registered_at: now,
    standing,
    bound: false,
  };
}

/** The name that an agent of this wire asks for in the mesh: `legacy-` before what names it best. */
export async function nameFor(id: string, { agent_name, git_root, cwd }: PeerFacts): Promise<string> {
  // Half a megabyte of letters, which a broker without such clients has no need of.
  const { default: anyAscii } = await import("any-ascii");
  return toAgentName(`legacy-${toAgentName(agent_name || basename(git_root ?? cwd) || id, anyAscii)}`);
}

/** The facts as the mesh shows them. A client that says it is `cli` is no person for it. */
export function profileOf({ agent_type, hostname, cwd, git_root, summary }: PeerFacts): AgentProfile {
  const client = plainLine(agent_type, 64).slice(0, 64);
  return {
    ...(client !== "" && client !== "cli" && { client }),
    ...(hostname !== "" && { host: hostname.slice(0, 255) }),
    ...(cwd !== "" && { directory: cwd.slice(0, 1024) }),
    ...(git_root && { repo: git_root.slice(0, 1024) }),
    summary: plainLine(summary, MAX_SUMMARY_CHARS),
  };
}

/** Whether two come from the same place: then the later one may be the earlier one again. */
export function samePlace(a: PeerFacts, b: PeerFacts): boolean {
  return a.hostname === b.hostname && a.cwd === b.cwd && a.agent_type === b.agent_type && a.agent_name === b.agent_name;
}
