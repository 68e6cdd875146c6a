/** MCP entries that start the adapter: beside the plugin it would be a second agent with an inbox nobody reads. */
import * as z from "zod";

const Entry = z.looseObject({
  type: z.literal("local"),
  command: z.array(z.string()),
  enabled: z.boolean().optional(),
});

/** The package, wherever it lies, or what a clone of the repository has built or runs. */
const ADAPTER = /(^|[\\/])agentmesh-mcp(@[^\\/]*)?([\\/]|$)|[\\/]packages[\\/]mcp[\\/](dist|src)[\\/]main\.[jt]s$/;

/** Switches them off in OpenCode's configuration as it is loaded, not in the file; returns their names. */
export function disableAdapters(mcp: Record<string, unknown>): string[] {
  const disabled: string[] = [];
  for (const [name, value] of Object.entries(mcp)) {
    const entry = Entry.safeParse(value).data;
    if (!entry || entry.enabled === false || !entry.command.some((word) => ADAPTER.test(word))) continue;
    mcp[name] = { ...entry, enabled: false };
    disabled.push(name);
  }
  return disabled;
}
