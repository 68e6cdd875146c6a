/** docs/configuration.md, made from the settings. */
import { configRows } from "./schema.ts";

/** The page as Markdown. */
export function configPage(): string {
  const rows = configRows.map(({ key, flag, env, aliases, fallback, help }) => {
    const names = [env, ...aliases].map((name) => `\`${name}\``).join(", ");
    return `| \`${key}\` | \`${flag}\` | ${names} | ${fallback === "" ? "none" : `\`${fallback}\``} | ${help} |`;
  });
  return [
    "# Settings of the broker",
    "",
    "Generated from `packages/broker/src/config/schema.ts`. A flag beats the environment, the environment beats",
    "`config.json` in the state folder, that beats the default. `agentmesh-broker config` prints each value with its source.",
    "Times are milliseconds, sizes bytes.",
    "",
    "| in config.json | flag | environment | default | what it is |",
    "|---|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}
