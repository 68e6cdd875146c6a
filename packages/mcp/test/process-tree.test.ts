/** The way from an adapter or a hook up to the client's process. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { Card } from "../src/hooks/card.ts";
import { candidates } from "../src/hooks/find-adapter.ts";
import { ancestors, upToClient } from "../src/hooks/process-tree.ts";
import { hasChannels } from "../src/push/claude-channel.ts";

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

test("a hook's session is the one that says so, else the nearest under its client, and for Codex only a sure one", () => {
  const card = (pid: number, more: Partial<Card>): Card => ({
    pid,
    kind: "claude",
    socket: "",
    key: "",
    line: [7],
    directory: "/a",
    ...more,
  });
  const session = (kind: "claude" | "codex") => ({
    folder: "",
    kind,
    call: { event: "Stop", sessionId: "s" },
    cwd: "/a",
    clientPid: 7,
  });
  const pids = (kind: "claude" | "codex", ...cards: Card[]) => candidates(session(kind), cards).map(({ pid }) => pid);
  expect(pids("claude", card(1, {}), card(2, { sessionId: "s", line: [9] }))).toEqual([2]);
  expect(pids("claude", card(1, { line: [3, 7] }), card(2, {}), card(3, { line: [8] }))).toEqual([2, 1]);
  expect(pids("claude", card(1, { kind: "codex" }))).toEqual([]);
  const codex = { kind: "codex" } as const;
  expect(pids("codex", card(1, codex), card(2, { ...codex, sessionId: "other" }))).toEqual([1]);
  expect(pids("codex", card(1, codex), card(2, codex))).toEqual([]);
  expect(pids("codex", card(1, { ...codex, directory: "/b" }))).toEqual([]);
});

test("Claude Code shows channel events only when it was started for it", () => {
  expect(hasChannels(["claude"])).toBe(false);
  expect(hasChannels(["claude", "--channels", "plugin:x@y"])).toBe(true);
  expect(hasChannels(["claude", "--dangerously-load-development-channels=server:agentmesh"])).toBe(true);
  expect(hasChannels([])).toBeUndefined();
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
      else if (!to.startsWith("node:")) foreign.push(to);
    }
  };
  visit(fileURLToPath(new URL("../src/hooks/run-hook.ts", import.meta.url)));
  expect(foreign).toEqual([]);
  expect(seen.size).toBeLessThan(8);
});
