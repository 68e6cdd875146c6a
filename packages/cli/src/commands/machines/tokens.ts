/** `agentmesh tokens`: who has a token, for what, since when, and when it was used last. */
import { MeshApiError, type MeshClient } from "@agentmesh/client";
import { plainLine } from "@agentmesh/protocol";
import { allAgents } from "../../all-agents.ts";
import type { Context } from "../../context.ts";
import { since } from "../../terminal/clock.ts";
import { jsonText, print } from "../../terminal/output.ts";
import { type Column, table } from "../../terminal/table.ts";

interface TokenRow {
  readonly of: string;
  readonly id?: string;
  readonly scope: string;
  readonly madeAt?: string;
  readonly lastUsedAt?: string;
}

/** Lists them. @throws MeshApiError */
export async function tokens(context: Context): Promise<void> {
  const admin = await context.admin();
  const rows = await tokenRows(context, admin);
  if (context.json) return print(jsonText({ tokens: rows }));
  await print(table(columns, rows));
}

async function tokenRows(context: Context, admin: MeshClient): Promise<TokenRow[]> {
  const joined = context.address().joined;
  const agents = await allAgents(admin, "all");
  const { machines } = joined ? { machines: [] } : await admin.listMachines();
  // Nobody acts as the agent of a hook URL: it has no token that anybody could have.
  const senders = joined ? [] : await hookSenders(admin);
  const own = agents.filter(({ id, machine }) => (joined ? machine === joined.machine : !senders.includes(id)));
  return [
    ...(joined ? [] : [{ of: "the mesh key", scope: "everything: the file key of the state folder" }]),
    ...machines.map(({ id, host, tokenMadeAt, lastSeenAt }) => ({
      ...{ of: host, id, scope: "its machine's agents", madeAt: tokenMadeAt },
      ...(lastSeenAt !== undefined && { lastUsedAt: lastSeenAt }),
    })),
    ...own.map(({ id, name, registeredAt, tokenMadeAt, lastSeenAt }) => ({
      ...{ of: name, id, scope: "this agent", madeAt: tokenMadeAt ?? registeredAt },
      ...(lastSeenAt !== undefined && { lastUsedAt: lastSeenAt }),
    })),
    ...(joined ? [] : await pageRows(admin)),
  ];
}

/** The agents of hook URLs; none of a broker of an earlier version. */
async function hookSenders(admin: MeshClient): Promise<readonly string[]> {
  const { hooks } = await admin.listHooks().catch((error: unknown) => {
    if (error instanceof MeshApiError && error.code === "route_not_found") return { hooks: [] };
    throw error;
  });
  return hooks.map(({ agent }) => agent.id);
}

/** Browsers at the page, and links that look; none where there is no page, or a broker of an earlier version. */
async function pageRows(admin: MeshClient): Promise<TokenRow[]> {
  const { signIns, links } = await admin.listSignIns().catch((error: unknown) => {
    const isWithout = error instanceof MeshApiError && ["no_page", "route_not_found"].includes(error.code);
    if (isWithout) return { signIns: [], links: [] };
    throw error;
  });
  return [
    ...signIns.map(({ id, readOnly, as, signedInAt, lastUsedAt }) => ({
      ...{ of: "a browser at the page", id },
      scope: readOnly ? "to look at everything" : as === undefined ? "the page, writing as nobody" : "the page, as you",
      ...{ madeAt: signedInAt, lastUsedAt },
    })),
    ...links.map(({ id, madeAt }) => ({ of: "a read-only link", id, scope: "to look at everything", madeAt })),
  ];
}

const columns: Column<TokenRow>[] = [
  { title: "OF", cell: ({ of }) => plainLine(of), min: 12 },
  { title: "OPENS", cell: ({ scope }) => scope, min: 16 },
  { title: "MADE", cell: ({ madeAt }) => (madeAt === undefined ? "" : `${since(madeAt)} ago`) },
  { title: "LAST USED", cell: ({ lastUsedAt }) => (lastUsedAt === undefined ? "" : `${since(lastUsedAt)} ago`) },
  { title: "ID", cell: ({ id = "" }) => id, fold: true },
];
