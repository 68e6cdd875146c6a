/** The way from an adapter or a hook up to the client's process. */
import { readFileSync } from "node:fs";
import { uptime } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { ClientKind } from "../src/client/client-kind.ts";
import type { Card } from "../src/hooks/card.ts";
import { candidates, type HookClient } from "../src/hooks/find-adapter.ts";
import { ancestors, clientBeganMs, isSame, markOf, pidSpace, upToClient } from "../src/hooks/process-tree.ts";
import { hasChannels, showsServer } from "../src/push/claude-channel.ts";

test("a process finds those above it", () => {
  const [own, parent] = ancestors(process.pid);
  expect(own?.pid).toBe(process.pid);
  expect(parent?.pid).toBe(process.ppid);
  if (process.platform !== "win32") expect(own?.args.join(" ")).toContain("node");
});

test("shells and package runners stand between an adapter and its client", () => {
  const line = [
    ["/bin/sh", "-c", "agentmesh-mcp"],
    ["npm exec agentmesh-mcp"],
    ["/usr/bin/node", "/usr/lib/node_modules/npm/bin/npx-cli.js", "-y", "agentmesh-mcp"],
    ["-zsh"],
    ["claude", "-p"],
    ["bash"],
  ].map((args, index) => ({ pid: 10 + index, args }));
  expect(upToClient(line).map(({ pid }) => pid)).toEqual([10, 11, 12, 13, 14]);
  expect(upToClient(line.slice(0, 2)).map(({ pid }) => pid)).toEqual([10, 11]);
});

const ours = "boot pid:[1]";
const claudeProcess = { pid: 7, start: "70" };

function card(name: string, more: Partial<Card> = {}): Card {
  const above = [claudeProcess];
  return {
    name,
    ...{ pid: 1, start: "1", kind: "claude", socket: "", key: "", space: ours, above, toClient: above.length },
    directory: "/a",
    ...more,
  };
}

/** Names of the cards that a hook of session `s` under process 7 would ask. */
function asked(cards: readonly Card[], client: Partial<HookClient> = {}, kind: ClientKind = "claude"): string[] {
  const session = { kind, call: { event: "Stop", sessionId: "s" }, cwd: "/a" };
  return candidates(session, { space: ours, mark: claudeProcess, sure: true, ...client }, cards).map(
    ({ name }) => name,
  );
}

test("a hook's session is the one that says so, else the nearest under its client", () => {
  const elsewhere = { above: [], toClient: 0 };
  expect(asked([card("near"), card("says so", { sessionId: "s", ...elsewhere })])).toEqual(["says so"]);
  const far = { above: [{ pid: 3, start: "30" }, claudeProcess], toClient: 2 };
  expect(asked([card("far", far), card("near"), card("other", { above: [{ pid: 8, start: "80" }] })])).toEqual([
    "near",
    "far",
  ]);
  expect(asked([card("codex", { kind: "codex" })])).toEqual([]);
  // Beyond the client stands what started it: a session that another one's shell runs is not the outer one's.
  expect(asked([card("inner", { above: [{ pid: 9, start: "90" }, claudeProcess], toClient: 1 })])).toEqual([]);
});

test("a session that has another id now is found by its process, and by nothing that only looks like it", () => {
  const before = { sessionId: "before /clear" };
  expect(asked([card("cleared", before)])).toEqual(["cleared"]);
  expect(asked([card("another namespace", { ...before, space: "boot pid:[2]" })])).toEqual([]);
  expect(asked([card("another machine", { ...before, space: "boot2 pid:[1]" })])).toEqual([]);
  expect(asked([card("pid given out again", { ...before, above: [{ pid: 7, start: "69" }] })])).toEqual([]);
  expect(asked([card("start unknown", { ...before, above: [{ pid: 7 }] })], { mark: { pid: 7 } })).toEqual([]);
  expect(asked([card("namespace unknown", { ...before, space: undefined })], { space: undefined })).toEqual([]);
});

test("of a conversation that is open twice a hook asks the adapter under its own process, or none", () => {
  const same = { sessionId: "s" };
  const other = card("other process", { ...same, above: [{ pid: 8, start: "80" }] });
  const container = card("container", { ...same, space: "boot pid:[2]" });
  expect(asked([other, container, card("own", same)])).toEqual(["own"]);
  expect(asked([other, container])).toEqual([]);
  // An adapter that was put into a container has nobody above it there; it knows the session from its environment.
  expect(asked([card("alone", { ...same, space: "boot pid:[2]", above: [], toClient: 0 })])).toEqual(["alone"]);
  // A wrapper around the hook hides which process the client is.
  expect(asked([other], { sure: false })).toEqual(["other process"]);
});

test("of Codex' sessions in one process a hook asks only a sure one", () => {
  const codex = { kind: "codex" } as const;
  expect(asked([card("free", codex), card("taken", { ...codex, sessionId: "t" })], {}, "codex")).toEqual(["free"]);
  expect(asked([card("one", codex), card("two", codex)], {}, "codex")).toEqual([]);
  expect(asked([card("elsewhere", { ...codex, directory: "/b" })], {}, "codex")).toEqual([]);
});

test("a process is known by its start as well as its id", () => {
  const own = markOf(process.pid);
  expect(own).toEqual({ pid: process.pid, start: expect.any(String) });
  expect(own && isSame(own, { ...own })).toBe(true);
  expect(own && isSame(own, { ...own, start: "another" })).toBe(false);
  expect(markOf(2 ** 22 + 1)).toBeUndefined();
  expect(pidSpace()).toEqual(expect.any(String));
  // The client is above this process, so it began before it, and not before the machine did.
  expect(clientBeganMs()).toBeLessThanOrEqual(Date.now() - process.uptime() * 1_000 + 1);
  expect(clientBeganMs()).toBeGreaterThan(Date.now() - uptime() * 1_000 - 2_000);
});

test("Claude Code shows channel events only when it was started for it", () => {
  expect(hasChannels(["claude"])).toBe(false);
  expect(hasChannels(["claude", "--channels", "plugin:x@y"])).toBe(true);
  expect(hasChannels(["claude", "--dangerously-load-development-channels=server:agentmesh"])).toBe(true);
  expect(hasChannels([])).toBeUndefined();
});

test("another client shows Claude Code's event where it was started to, by the name of a server", () => {
  expect(showsServer(["crush", "--channels", "server:agentmesh"])).toBe(true);
  expect(showsServer(["crush", "--channels=server:agentmesh"])).toBe(true);
  for (const args of [[], ["crush"], ["bot", "--channels", "general"], ["bot", "server:x"], ["crush", "--channels"]]) {
    expect(showsServer(args)).toBe(false);
  }
});

test("the program that runs after every tool call loads nothing but Node and its own few files", () => {
  const seen = new Set<string>();
  const foreign: string[] = [];
  const visit = (file: string) => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = readFileSync(file, "utf8").replace(/^import type .*$/gm, "");
    for (const [, to = ""] of text.matchAll(/^import .*from "([^"]+)"|\bimport\("([^"]+)"\)/gm)) {
      if (to.startsWith(".")) visit(join(dirname(file), to));
      // One file of the protocol that loads nothing but its own: visited as if it were ours.
      else if (to === "@agentmesh/protocol/path-setting") visit(fileURLToPath(import.meta.resolve(to)));
      else if (!to.startsWith("node:")) foreign.push(to);
    }
  };
  visit(fileURLToPath(new URL("../src/hooks/run-hook.ts", import.meta.url)));
  expect(foreign).toEqual([]);
  expect(seen.size).toBeLessThanOrEqual(10);
});
