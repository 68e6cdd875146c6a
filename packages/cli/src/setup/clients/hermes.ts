/** Hermes Agent: its configuration is YAML, which setup does not write; it prints what belongs there. */
import { join } from "node:path";
import { MARK } from "../config/mark.ts";
import type { Client, Surroundings } from "./client.ts";

/** Hermes Agent. */
export const hermes: Client = {
  name: "hermes",
  title: "Hermes Agent",
  programs: ["hermes"],
  traces: (at) => [ownFolder(at)],
  check: "hermes, then ask it: who is on agentmesh?",
  restart: "Hermes",
  files: () => [],
  byHand: (at, { command, args, env }) => {
    const { [MARK]: _, ...others } = env;
    const variables = { AGENTMESH_NAME: "hermes", ...others };
    return {
      file: join(ownFolder(at), "config.yaml"),
      lines: [
        "mcp_servers:",
        "  agentmesh:",
        `    command: ${JSON.stringify(command)}`,
        `    args: ${JSON.stringify(args)}`,
        `    env: ${JSON.stringify(variables)}`,
      ],
    };
  },
};

function ownFolder({ env, home }: Surroundings): string {
  return env.HERMES_HOME || join(home, ".hermes");
}
