/** The quotas of what is kept: what would exceed one is refused, and history goes before that. */
import { KEPT_BYTES_PER_DELIVERY, KEPT_BYTES_PER_MESSAGE, type Keeper } from "@agentmesh/protocol";
import { timestamp } from "../../../mesh/clock.ts";
import { MeshError } from "../../../mesh/errors.ts";
import { type Keeping, type KeepingQuota, LET_GO_FROM } from "../../../mesh/store/keeping.ts";
import { laneOf, ROWS, sliceBudget } from "../commits/slices.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import type { KeeperRow } from "../keeping.ts";
import type { VerbParts } from "../verbs/topics.ts";

/** How soon a refused sender may try again, in milliseconds: history is let go once a minute. */
const RETRY_AFTER_MS = 60_000;

/** How many messages one look for old history goes through. */
const LOOK = 256;

/** What a message with one delivery counts. */
export function keptBytes(bodyBytes: number): number {
  return KEPT_BYTES_PER_MESSAGE + 2 * bodyBytes + KEPT_BYTES_PER_DELIVERY;
}

/** Refuses what would have more kept than may be, of this sender or of all. @throws MeshError quota_full */
export function checkKeeping(
  { keeping }: Engine,
  sender: { readonly pk: number; readonly name: string },
  more: { readonly messages: number; readonly bytes: number },
  quota: KeepingQuota | undefined,
): void {
  if (!quota) return;
  const own = keeping.of(sender.pk);
  const all = keeping.all();
  const full =
    over(`${sender.name} keeps`, own, more, { messages: quota.agentMessages, bytes: quota.agentBytes }) ??
    over("The mesh keeps", all, more, { messages: quota.meshMessages, bytes: quota.meshBytes });
  if (full === undefined) return;
  throw new MeshError(
    "quota_full",
    `${full}, history included. Nothing was stored. Room comes when what is open is read and history older than a day is let go; the owner of the mesh sees who keeps what: agentmesh status`,
    { retryAfterMs: RETRY_AFTER_MS },
  );
}

interface Count {
  readonly messages: number;
  readonly bytes: number;
}

function over(who: string, now: Count, more: Count, most: Count): string | undefined {
  for (const unit of ["messages", "bytes"] as const) {
    if (most[unit] > 0 && now[unit] + more[unit] > most[unit]) return `${who} ${now[unit]} of ${most[unit]} ${unit}`;
  }
  return undefined;
}

/** Verbs on what is kept. */
export function keepingVerbs({ engine, context, read, write }: VerbParts): Keeping {
  const { keeping } = engine;
  /** Up to where each sender's messages, or all, were looked through: a hint, begun anew at the end. */
  const edges = new Map<number | undefined, number>();
  return {
    kept: () =>
      read(() => {
        const { messages, bytes, let_go, let_go_until } = keeping.all();
        return {
          messages,
          bytes,
          letGo: let_go_until === null ? undefined : { messages: let_go, until: let_go_until },
        };
      }),
    listKeepers: (limit) =>
      read(() =>
        keeping
          .largest(limit)
          .filter(({ bytes }) => bytes > 0)
          .map(keeperOf),
      ),
    letGo: async (quota, keepMs, limit) => {
      for (const scope of scopesBeyond(engine, quota)) {
        if (await write(laneOf.care, () => letGoOf(engine, context, { scope, edges, keepMs, limit }))) return true;
      }
      return false;
    },
  };
}

function keeperOf({ id, name, removed_at, messages, bytes, oldest }: KeeperRow): Keeper {
  return {
    agent: { id, name },
    isGone: removed_at !== null,
    messages,
    bytes,
    ...(oldest !== null && { oldestAt: timestamp(oldest) }),
  };
}

/** Whose history has to go: nobody's, some senders', everybody's. */
function scopesBeyond({ keeping }: Engine, quota: KeepingQuota): (number | undefined)[] {
  const beyond = (now: Count, most: Count) =>
    (most.messages > 0 && now.messages > most.messages * LET_GO_FROM) ||
    (most.bytes > 0 && now.bytes > most.bytes * LET_GO_FROM);
  const most = { messages: quota.agentMessages, bytes: quota.agentBytes };
  // A message counts 1,024 bytes at least: the index on bytes finds who has too many of them, too.
  const least = Math.min(
    most.bytes > 0 ? most.bytes : Number.POSITIVE_INFINITY,
    most.messages > 0 ? most.messages * KEPT_BYTES_PER_MESSAGE : Number.POSITIVE_INFINITY,
  );
  const senders = Number.isFinite(least)
    ? keeping.beyond(Math.floor(least * LET_GO_FROM)).filter((pk) => beyond(keeping.of(pk), most))
    : [];
  const all = beyond(keeping.all(), { messages: quota.meshMessages, bytes: quota.meshBytes });
  return all ? [undefined, ...senders] : senders;
}

/** Lets go of the oldest that may go; false when it has come to the end, or to what is too young. */
function letGoOf(
  engine: Engine,
  { clock, notice }: EngineContext,
  terms: {
    readonly scope: number | undefined;
    readonly edges: Map<number | undefined, number>;
    readonly keepMs: number;
    readonly limit: number;
  },
): boolean {
  const { keeping } = engine;
  const { scope, edges, keepMs } = terms;
  const before = clock.now() - keepMs;
  let { limit } = terms;
  let messages = 0;
  let until = 0;
  const rows = keeping.old(scope, edges.get(scope) ?? 0, LOOK).filter(({ accepted_at }) => accepted_at <= before);
  const budget = sliceBudget();
  let isCut = false;
  for (const { pk, accepted_at, ended } of rows) {
    if (limit <= 0 || !budget.fits()) {
      isCut = true;
      break;
    }
    if (ended === 1) {
      const { deliveries, whole } = keeping.drop(pk, Math.min(limit, ROWS));
      limit -= deliveries + 1;
      if (!whole) {
        isCut = true;
        break;
      }
      messages++;
      until = accepted_at;
    }
    edges.set(scope, pk);
  }
  if (messages > 0) {
    keeping.noteLetGo(messages, until);
    notice("warn", "history.let_go", {
      messages,
      acceptedUntil: timestamp(until),
      of: scope === undefined ? "all" : "one sender",
    });
  }
  const more = isCut || rows.length === LOOK || limit <= 0;
  if (!more) edges.delete(scope);
  return more;
}
