/** OpenClaw: MCP server, and its HTTP hooks switched on with a token of their own, in one JSON5 file. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { ConfigFile, Edition } from "../config/config-file.ts";
import { readConfig } from "../config/file.ts";
import { removeAt, setAt } from "../config/json-edit.ts";
import { type JsonEntry, jsonFile } from "../config/json-file.ts";
import { type JsonPath, type JsonText, parseJson, valueAt } from "../config/json-text.ts";
import { ConfigRefusal } from "../config/refusal.ts";
import { serverEntry } from "../config/server-entry.ts";
import type { Client, Surroundings } from "./client.ts";
import { jsonSettings, someOf } from "./shut-out.ts";

const DEFAULT_PORT = 18_789;
const ENABLED: JsonPath = ["hooks", "enabled"];
const TOKEN: JsonPath = ["hooks", "token"];

/** OpenClaw takes no members that it does not know, so the token itself says whose it is: by its beginning and length. */
const OURS = "agentmesh-";
const OUR_TOKEN = /^agentmesh-[\w-]{43}$/;

/** OpenClaw starts an adapter for every run: only a name makes one agent of them. */
const AGENT = "openclaw";

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
    const token = tokenOf(at) ?? OURS + randomBytes(32).toString("base64url");
    const env = { AGENTMESH_NAME: AGENT, ...to.env };
    const config = jsonFile({
      path: mainFile(at),
      syntax: "json5",
      entries: [
        serverEntry(["mcp", "servers", "agentmesh"], { command: to.command, args: to.args, env }),
        httpHooks(token),
      ],
    });
    if (configuration(at) === "unreadable") return [config];
    return [config, tokenFile(at, OUR_TOKEN.test(token) ? token : undefined)];
  },
  shutOut(at) {
    const settings = jsonSettings(mainFile(at), "json5");
    const ours = (tool: unknown) => typeof tool === "string" && /^(?:\*$|agentmesh__|bundle-mcp$)/.test(tool);
    return [
      ...settings.when(["mcp", "servers", "agentmesh", "enabled"], (on) => on === false, "the server agentmesh is off"),
      ...settings.when(["tools", "deny"], (list) => someOf(list, ours), "tools of agentmesh are denied"),
      ...settings.when(
        ["tools", "allow"],
        (list) => Array.isArray(list) && list.length > 0 && !list.some(ours),
        "names none of the tools of agentmesh: agentmesh__* would",
      ),
    ];
  },
  afterwards(at) {
    if (at.project !== undefined) return [];
    const port = valueIn(configuration(at), ["gateway", "port"]);
    const url = `http://127.0.0.1:${typeof port === "number" ? port : DEFAULT_PORT}`;
    const token = tokenOf(at);
    const own = token !== undefined && !OUR_TOKEN.test(token);
    if (own && valueIn(configuration(at), ENABLED) !== true) return [];
    const [file, where] = own
      ? ["FILE", ", where FILE is a file of yours that holds hooks.token"]
      : [`"${tokenPath(at)}"`, ""];
    return [
      `Messages are pushed into it once its first session has made the agent ${AGENT}, and you have run: agentmesh webhook set ${AGENT} ${url} --dialect openclaw --token-file ${file}${where}`,
    ];
  },
};

function httpHooks(token: string): JsonEntry {
  const what = "HTTP hooks with their token";
  const isOurs: JsonEntry["holdsOurs"] = (json) => {
    const found = valueAt(json, TOKEN);
    return typeof found === "string" && OUR_TOKEN.test(found);
  };
  return {
    within: [["hooks"]],
    holdsOurs: isOurs,
    install(json) {
      const found = valueAt(json, TOKEN);
      const on = valueAt(json, ENABLED) === true;
      if (isOurs(json) && on) return { what, json, standing: "same" };
      if (found !== undefined && found !== "") {
        const state = on ? "on, with a token of yours" : "off, as you left them: nothing can be pushed";
        return { what: "HTTP hooks", json, standing: "by hand", found: state };
      }
      const enabled = valueAt(json, ENABLED);
      if (enabled !== undefined && typeof enabled !== "boolean") {
        throw new ConfigRefusal("hooks.enabled is neither true nor false. Change it, then run this again");
      }
      return { what, json: setAt(setAt(json, TOKEN, token), ENABLED, true), standing: "added" };
    },
    uninstall(json, before) {
      if (!isOurs(json)) return { what, json, standing: "missing" };
      const was = before && valueAt(before, ENABLED);
      const empty = before !== undefined && valueAt(before, TOKEN) === "";
      const next = empty ? setAt(json, TOKEN, "") : removeAt(json, TOKEN);
      const back = typeof was === "boolean" ? setAt(next, ENABLED, was) : removeAt(next, ENABLED);
      return { what, json: back, standing: "removed" };
    },
  };
}

/** Our token once more, in a file that `agentmesh webhook set` can read; none beside a token of the person's. */
function tokenFile(at: Surroundings, token: string | undefined): ConfigFile {
  const what = "that token, for agentmesh webhook set";
  const wanted = token === undefined ? undefined : `${token}\n`;
  const holdsOurs = (text: string) => OUR_TOKEN.test(text.trim());
  return {
    path: tokenPath(at),
    secret: true,
    empty: "",
    install(text) {
      if (wanted === undefined) return without(text);
      const standing = text === undefined ? "added" : text === wanted ? "same" : "updated";
      return { text: wanted, parts: [{ what, standing }], notes: [] };
    },
    uninstall: without,
    holdsOurs,
  };

  function without(text: string | undefined): Edition {
    if (text === undefined || !holdsOurs(text)) return { text, parts: [{ what, standing: "missing" }], notes: [] };
    return { text: undefined, parts: [{ what, standing: "removed" }], notes: [] };
  }
}

/** The token that stands in the configuration, whosever it is. */
function tokenOf(at: Surroundings): string | undefined {
  const token = valueIn(configuration(at), TOKEN);
  return typeof token === "string" && token !== "" ? token : undefined;
}

/** The configuration; `unreadable` is said of the file itself when it is planned. */
function configuration(at: Surroundings): JsonText | "missing" | "unreadable" {
  try {
    const text = readConfig(mainFile(at));
    return text === undefined || text.trim() === "" ? "missing" : parseJson(text, "json5");
  } catch (error) {
    if (error instanceof ConfigRefusal) return "unreadable";
    throw error;
  }
}

function valueIn(json: JsonText | "missing" | "unreadable", path: JsonPath): unknown {
  return typeof json === "string" ? undefined : valueAt(json, path);
}

function mainFile(at: Surroundings): string {
  return at.env.OPENCLAW_CONFIG_PATH || join(stateFolder(at), "openclaw.json");
}

function tokenPath(at: Surroundings): string {
  return join(stateFolder(at), "agentmesh-hooks-token");
}

function stateFolder({ env, home }: Surroundings): string {
  return env.OPENCLAW_STATE_DIR || join(home, ".openclaw");
}
