/** Kilo, which is made of OpenCode: the same plugin, in a configuration of its own. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { notedBeside } from "../config/backup.ts";
import { jsonFile } from "../config/json-file.ts";
import { listedEntry } from "../config/listed-entry.ts";
import type { Client, Surroundings } from "./client.ts";
import { isOpenCodePlugin, shutOutOf } from "./opencode.ts";

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
  files(at, to) {
    // In a project it reads OpenCode's configuration.
    if (at.project !== undefined) return [];
    const { published, built } = to.plugin("opencode");
    return [
      jsonFile({
        path: fileOf(at),
        fresh: { $schema: "https://app.kilo.ai/config.json" },
        entries: [
          listedEntry({
            what: "plugin opencode-agentmesh",
            path: ["plugin"],
            value: built === undefined ? published : pathToFileURL(built).href,
            noted: notedBeside(fileOf(at)),
            isLike: isOpenCodePlugin,
          }),
        ],
      }),
    ];
  },
};

function ownFolder({ env, home }: Surroundings): string {
  return join(env.XDG_CONFIG_HOME || join(home, ".config"), "kilo");
}

function fileOf(at: Surroundings): string {
  const files = NAMES.map((name) => join(ownFolder(at), name));
  return files.find((file) => existsSync(file)) ?? join(ownFolder(at), "kilo.jsonc");
}
