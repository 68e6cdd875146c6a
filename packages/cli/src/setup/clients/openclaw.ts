/** OpenClaw: MCP server, and its HTTP hooks switched on with a token of their own, in one JSON5 file. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { removeAt, setAt } from "../config/json-edit.ts";
import { type JsonEntry, jsonFile } from "../config/json-file.ts";
import { type JsonPath, type JsonText, valueAt } from "../config/json-text.ts";
import { serverEntry } from "../config/server-entry.ts";
import type { Client, Surroundings } from "./client.ts";

/** OpenClaw. */
export const openclaw: Client = {
  name: "openclaw",
  title: "OpenClaw",
  programs: ["openclaw"],
  traces: (at) => [stateFolder(at)],
  check: "openclaw config validate && openclaw mcp probe agentmesh",
  restart: "the gateway: openclaw gateway restart",
  files(at, to) {
    if (at.project !== undefined) return [];
    return [
      jsonFile({
        path: at.env.OPENCLAW_CONFIG_PATH || join(stateFolder(at), "openclaw.json"),
        syntax: "json5",
        entries: [
          serverEntry(["mcp", "servers", "agentmesh"], { command: to.command, args: to.args, env: to.env }),
          httpHooks,
        ],
      }),
    ];
  },
};

const ENABLED: JsonPath = ["hooks", "enabled"];
const TOKEN: JsonPath = ["hooks", "token"];
const WHAT = "HTTP hooks, with a new token";

/** OpenClaw takes no members it does not know, so the token itself says whose it is. */
const OURS = "agentmesh-";

const httpHooks: JsonEntry = {
  within: [["hooks"]],
  holdsOurs: (json) => isOurs(json),
  install(json) {
    const token = valueAt(json, TOKEN);
    if (typeof token === "string" && token !== "") {
      if (valueAt(json, ENABLED) === true) {
        return isOurs(json)
          ? { what: WHAT, json, standing: "same" }
          : { what: "HTTP hooks", json, standing: "by hand", found: "with a token of yours" };
      }
      return {
        what: "HTTP hooks",
        json,
        standing: "by hand",
        found: "switched off by you; without them nothing is pushed",
      };
    }
    const made = setAt(json, TOKEN, OURS + randomBytes(32).toString("base64url"));
    return { what: WHAT, json: setAt(made, ENABLED, true), standing: "added" };
  },
  uninstall(json, before) {
    if (!isOurs(json)) return { what: WHAT, json, standing: "missing" };
    const was = before && valueAt(before, ENABLED);
    const next = removeAt(json, TOKEN);
    return {
      what: WHAT,
      json: typeof was === "boolean" ? setAt(next, ENABLED, was) : removeAt(next, ENABLED),
      standing: "removed",
    };
  },
};

function isOurs(json: JsonText): boolean {
  const token = valueAt(json, TOKEN);
  return typeof token === "string" && token.startsWith(OURS);
}

function stateFolder({ env, home }: Surroundings): string {
  return env.OPENCLAW_STATE_DIR || join(home, ".openclaw");
}
