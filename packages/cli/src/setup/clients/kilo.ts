/** Kilo, which is made of OpenCode: the same plugin, in a configuration of its own. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Client, Surroundings } from "./client.ts";
import { pluginFile, shutOutOf } from "./opencode.ts";

/** Names its configuration may have, the one it writes itself first. */
const NAMES = ["kilo.jsonc", "kilo.json"];

/** Kilo. */
export const kilo: Client = {
  name: "kilo",
  title: "Kilo",
  programs: ["kilo", "kilocode"],
  traces: (at) => [ownFolder(at)],
  check: "start kilo and ask it: who is on agentmesh?",
  restart: "Kilo; it fetches the plugin when it starts",
  shutOut: (at) => shutOutOf(fileOf(at)),
  // In a project it reads OpenCode's configuration.
  files: (at, to) => (at.project === undefined ? [pluginFile(fileOf(at), "https://app.kilo.ai/config.json", to)] : []),
};

function ownFolder({ env, home }: Surroundings): string {
  return join(env.XDG_CONFIG_HOME || join(home, ".config"), "kilo");
}

function fileOf(at: Surroundings): string {
  const files = NAMES.map((name) => join(ownFolder(at), name));
  return files.find((file) => existsSync(file)) ?? join(ownFolder(at), "kilo.jsonc");
}
