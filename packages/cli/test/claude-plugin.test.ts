/** The Claude Code plugin of this repository: complete, and of the packages' version. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { VERSION } from "@agentmesh/protocol";
import { expect, test } from "vitest";
import * as z from "zod";
import { isAdapterHook } from "../src/setup/config/config-file.ts";

const root = new URL("../../../", import.meta.url);
const json = <T>(path: string, schema: z.ZodType<T>): T =>
  schema.parse(JSON.parse(readFileSync(fileURLToPath(new URL(path, root)), "utf8")));

const Marketplace = z.object({ plugins: z.array(z.object({ name: z.string(), source: z.string() })) });
const Plugin = z.object({
  name: z.string(),
  version: z.string(),
  mcpServers: z.record(z.string(), z.object({ args: z.array(z.string()) })),
  channels: z.array(z.object({ server: z.string() })),
});
const Hooks = z.object({
  hooks: z.record(z.string(), z.array(z.object({ hooks: z.array(z.object({ command: z.string() })) }))),
});

test("the marketplace names the plugin, which has the packages' version and starts their adapter", () => {
  const [{ name, source } = { name: "", source: "" }] = json(".claude-plugin/marketplace.json", Marketplace).plugins;
  const plugin = json(`${source}/.claude-plugin/plugin.json`, Plugin);
  // After a change of version: write it in plugins/agentmesh/.claude-plugin/plugin.json, at both places.
  expect(plugin).toMatchObject({ name, version: VERSION });
  expect(plugin.mcpServers.agentmesh?.args).toContain(`agentmesh-mcp@${VERSION}`);
  expect(plugin.channels).toEqual([{ server: "agentmesh" }]);
});

test("the plugin's hooks are setup's, and do nothing where the adapter is not installed", () => {
  const { hooks } = json("plugins/agentmesh/hooks/hooks.json", Hooks);
  const commands = Object.values(hooks).flatMap((groups) => groups.flatMap((group) => group.hooks));
  expect(Object.keys(hooks)).toEqual(["UserPromptSubmit", "PostToolUse", "Stop", "Notification"]);
  for (const { command } of commands) {
    expect(isAdapterHook(command)).toBe(true);
    expect(command).toMatch(/^if command -v agentmesh-mcp /);
  }
});
