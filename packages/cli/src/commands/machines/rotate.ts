/** `agentmesh tokens rotate`: a token that is kept here is exchanged for a new one, and the one before is good for a while beside it. */
import { randomBytes } from "node:crypto";
import { MeshApiError, type MeshClient, pause } from "@agentmesh/client";
import {
  connect,
  exchangeToken,
  type KeptToken,
  keptTokens,
  readJoinedMesh,
  writeJoinedMesh,
} from "@agentmesh/client/node";
import { type Agent, plainLine, type RotateTokenReply, TOKEN_OVERLAP_MS } from "@agentmesh/protocol";
import { CommandError, usageError } from "../../command-error.ts";
import type { Context } from "../../context.ts";
import { localTime, until } from "../../terminal/clock.ts";
import { jsonText, print, tell } from "../../terminal/output.ts";

/** A session that notes something in the same moment may put back what it has read; then it is kept once more. */
const KEEPS = 3;
const KEPT_AFTER_MS = 30;
/** So long the one before is good at least, in milliseconds: whatever ends meanwhile, the file has one that is. */
const LEAST_OVERLAP_MS = 60_000;

/** Options of `tokens rotate`. */
export interface RotateOptions {
  readonly overlap?: number;
}

/** Exchanges the token of an agent, or the credential of this machine. @throws CommandError, MeshApiError, StateFolderError */
export async function rotate(context: Context, agent: string | undefined, options: RotateOptions): Promise<void> {
  const overlapMs = options.overlap ?? TOKEN_OVERLAP_MS;
  if (agent === undefined) return rotateMachine(context, overlapMs);
  const admin = await context.admin();
  const known = await admin.getAgent({ agent });
  const kept = await keptOf(context, admin, known);
  if (!kept) throw elsewhere(context, known);
  let holder = kept;
  const reply = await exchanged(overlapMs, async (overlap) => {
    const token = `am_${random()}`;
    const { formerUntil } = await clientOf(context, holder.token).rotateToken({ token, overlapMs: overlap });
    // The one before is good still: whatever ends between, the same command exchanges it once more.
    await keep(holder, token);
    holder = { ...holder, token };
    return formerUntil;
  });
  await tellOf(context, `${plainLine(known.name)} has a new token`, { ...reply, agent: known.id });
}

/**
 * Exchanges once, or twice where the one before is to be good no longer: then it is neither the token nor the one before. What
 * is between them nobody had but the file.
 */
async function exchanged(
  overlapMs: number,
  once: (overlapMs: number) => Promise<string | undefined>,
): Promise<RotateTokenReply> {
  const formerUntil = await once(Math.max(overlapMs, LEAST_OVERLAP_MS));
  if (overlapMs > 0) return { ...(formerUntil !== undefined && { formerUntil }) };
  await once(LEAST_OVERLAP_MS);
  return {};
}

async function rotateMachine(context: Context, overlapMs: number): Promise<void> {
  const { folder } = context;
  if (!readJoinedMesh(folder)) {
    throw usageError(
      "This machine has joined no mesh, and so it has no credential. Name the agent whose token is to be exchanged: agentmesh tokens rotate AGENT",
    );
  }
  const reply = await exchanged(overlapMs, async (overlap) => {
    const joined = readJoinedMesh(folder);
    if (!joined) return undefined;
    const token = `amm_${random()}`;
    const { formerUntil } = await clientOf(context, joined.token).rotateToken({ token, overlapMs: overlap });
    // The one before is good for a while after: whatever ends between, this machine has one of the two.
    writeJoinedMesh(folder, { ...joined, token });
    return formerUntil;
  });
  await tellOf(context, "This machine has a new credential", reply);
}

function random(): string {
  return randomBytes(32).toString("base64url");
}

/** Its token as it is kept here; undefined where it is not. */
async function keptOf(context: Context, admin: MeshClient, { id, name }: Agent): Promise<KeptToken | undefined> {
  const byName = Map.groupBy(keptTokens(context.folder), (kept) => kept.name);
  // Its own name first: what a session keeps says how its agent was called when it began.
  for (const each of new Set([name, ...byName.keys()])) {
    const some = each === undefined ? undefined : byName.get(each);
    if (each === undefined || !some || (each !== name && (await idOf(admin, each)) !== id)) continue;
    for (const kept of some) {
      if ((await idBy(clientOf(context, kept.token))) === id) return kept;
    }
  }
  return undefined;
}

/** Whom a name leads to, one that it had before too. */
async function idOf(admin: MeshClient, agent: string): Promise<string | undefined> {
  try {
    return (await admin.getAgent({ agent })).id;
  } catch (error) {
    if (error instanceof MeshApiError && error.status < 500) return undefined;
    throw error;
  }
}

async function idBy(client: MeshClient): Promise<string | undefined> {
  try {
    return (await client.getAgent({ agent: "me" })).id;
  } catch (error) {
    if (error instanceof MeshApiError && error.status === 401) return undefined;
    throw error;
  }
}

function clientOf({ folder, url }: Context, token: string): MeshClient {
  return connect({ folder, token, retryForMs: 5_000, ...(url !== undefined && { url }) });
}

async function keep(kept: KeptToken, token: string): Promise<void> {
  for (let n = 0; n < KEEPS; n++) {
    exchangeToken(kept, token);
    await pause(KEPT_AFTER_MS);
    if (exchangeToken(kept, token) === "kept") return;
  }
  throw new CommandError(
    "token_not_kept",
    `${kept.path} was changed by another program, and the new token is not in it. The one before is good still: run the same command again.`,
  );
}

function elsewhere(context: Context, { name, host, machine }: Agent): CommandError {
  const shown = plainLine(name);
  const isOther = machine !== undefined && machine !== context.address().joined?.machine;
  const where =
    isOther && host !== undefined
      ? `Run this on ${plainLine(host)}, where it came from`
      : "Run this with the state folder that has it (--home)";
  return new CommandError(
    "not_yours",
    `The token of ${shown} is not kept here, and only who has it can exchange it. ${where}; a program of its own exchanges it by PUT /v1/token. Where somebody else may have it: agentmesh revoke ${shown}`,
    "refused",
  );
}

async function tellOf(
  context: Context,
  what: string,
  reply: RotateTokenReply & { readonly agent?: string },
): Promise<void> {
  if (context.json) return print(jsonText(reply));
  const { formerUntil } = reply;
  await tell(
    formerUntil === undefined
      ? `${what}. The one before opens nothing any more.`
      : `${what}. The one before is good until ${localTime(formerUntil)} (${until(formerUntil)}), for programs that still have it.`,
  );
}
