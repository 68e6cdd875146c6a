/** `agentmesh machines`: which computers joined the mesh. */
import { type JoinedMachine, plainLine } from "@agentmesh/protocol";
import type { Context } from "../../context.ts";
import { since } from "../../terminal/clock.ts";
import { jsonText, print, tell } from "../../terminal/output.ts";
import { type Column, table } from "../../terminal/table.ts";

/** Lists them, the newest first. @throws MeshApiError */
export async function machines(context: Context, options: { readonly all?: true }): Promise<void> {
  const admin = await context.admin();
  const found = await admin.listMachines(options.all ? { which: "all" } : {});
  if (context.json) return print(jsonText(found));
  if (found.machines.length === 0) return tell("No other machine has joined this mesh. Let one in: agentmesh invite");
  await print(table(columns, found.machines));
}

const columns: Column<JoinedMachine>[] = [
  { title: "HOST", cell: ({ host }) => plainLine(host), min: 12 },
  { title: "STATE", cell: ({ revokedAt, online }) => (revokedAt ? "put out" : online > 0 ? "online" : "offline") },
  { title: "HEARD", cell: ({ lastSeenAt }) => (lastSeenAt ? `${since(lastSeenAt)} ago` : "") },
  { title: "AGENTS", cell: ({ agents, online }) => (agents === 0 ? "none" : `${agents}, ${online} online`) },
  { title: "NAMES", cell: ({ names, kind }) => names ?? (kind === "agent" ? "one agent" : "") },
  { title: "VERSION", cell: ({ version }) => plainLine(version ?? "") },
  { title: "ADDRESS", cell: ({ address }) => plainLine(address ?? ""), fold: true },
  { title: "JOINED", cell: ({ joinedAt }) => `${since(joinedAt)} ago`, fold: true },
  { title: "ID", cell: ({ id }) => id },
];
