/** `agentmesh tokens`: who has a token, for what, since when, and when it was used last; and its exchange for a new one. */
import { randomBytes } from "node:crypto";
import { MeshApiError, type MeshClient } from "@agentmesh/client";
import { readJoinedMesh, writeJoinedMesh } from "@agentmesh/client/node";
import { plainLine, TOKEN_OVERLAP_MS } from "@agentmesh/protocol";
import { allAgents } from "../../all-agents.ts";
import { usageError } from "../../command-error.ts";
import type { Context } from "../../context.ts";
import { shortDuration, since } from "../../terminal/clock.ts";
import { jsonText, print, tell } from "../../terminal/output.ts";
import { type Column, table } from "../../terminal/table.ts";

interface TokenRow {
  readonly of: string;
  readonly id?: string;
  readonly scope: string;
  readonly madeAt?: string;
  readonly lastUsedAt?: string;
}

/** Lists them, or exchanges the credential of this machine. @throws CommandError, MeshApiError */
export async function tokens(context: Context, options: { readonly rotate?: true }): Promise<void> {
  if (options.rotate) return rotate(context);
  const admin = await context.admin();
  const rows = await tokenRows(context, admin);
  if (context.json) return print(jsonText({ tokens: rows }));
  await print(table(columns, rows));
}

async function tokenRows(context: Context, admin: MeshClient): Promise<TokenRow[]> {
  const joined = context.address().joined;
  const agents = await allAgents(admin, "all");
  const { machines } = joined ? { machines: [] } : await admin.listMachines();
  const own = joined ? agents.filter(({ machine }) => machine === joined.machine) : agents;
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

/**
 * The new credential is good before it is kept here, and the one before for a while after: whatever ends between, this machine
 * has one of the two.
 */
async function rotate(context: Context): Promise<void> {
  const { folder } = context;
  const joined = readJoinedMesh(folder);
  if (!joined) {
    throw usageError(
      "--rotate is for a machine that has joined a mesh: it exchanges that machine's credential. An agent's own program exchanges its token: PUT /v1/token, client.rotateToken.",
    );
  }
  const client = await context.admin();
  const token = `amm_${randomBytes(32).toString("base64url")}`;
  const reply = await client.rotateToken({ token });
  writeJoinedMesh(folder, { ...joined, token });
  if (context.json) return print(jsonText(reply));
  await tell(
    `This machine has a new credential. The one before is good for ${shortDuration(TOKEN_OVERLAP_MS)} more, for programs that still have it.`,
  );
}
