/** The plugin as OpenCode loads it: `"plugin": ["opencode-agentmesh"]` in opencode.json. */
import type { OpenCodeHooks, OpenCodeInput } from "./opencode.ts";
import { startPlugin } from "./plugin.ts";

/** OpenCode calls `server` once per directory it works in. */
const plugin: { readonly id: string; server(input: OpenCodeInput): Promise<OpenCodeHooks> } = {
  id: "agentmesh",
  server: (input) => startPlugin(input, process.env),
};

export default plugin;
