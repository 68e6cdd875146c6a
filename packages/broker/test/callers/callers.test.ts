/** Every endpoint × every kind of caller: each is answered by the endpoint's rule, and who is refused has changed nothing. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { errorTable } from "@agentmesh/protocol";
import SqliteDatabase from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Example, type Ground, openGround, type Row } from "./ground.ts";
import { type Expected, type Kind, kinds } from "./kinds.ts";
import { type Answer, made } from "./wire.ts";

let ground: Ground;
/** A call of each endpoint that nobody has made yet. */
const standing = new Map<Row, Example>();

beforeAll(async () => {
  ground = await openGround();
  for (const row of ground.rows) standing.set(row, await row.example());
}, 60_000);
afterAll(() => ground[Symbol.asyncDispose]());

/** Marks of when somebody was last heard of: a valid token is a sign of life also where it is refused, and a beat is written later. */
const HEARD_OF = ["last_seen_at", "seen_at", "beat_at", "heard", "doubted_at", "doubted_why"];

/** The index of words, which follows the messages when there is time: what was sent before may be indexed by now. */
const WORDS = /^(indexed|message_text(_.*)?)$/;

/** Who was refused is told there, once a minute. */
const AUDIT = "audit";

/** Presences as they were told: a sweep tells when who was admitted before is not heard of any more. */
const PRESENCE = "presence";
const isPresence = (row: Kept) => row.type === "agent.presence";

/** The rows of SQLite's own table that count the entries of both. */
const countsThem = ({ name, seq }: Kept) => seq !== undefined && (name === AUDIT || name === "event");

type Kept = Readonly<Record<string, unknown>>;

/** All that is kept at one moment, by table, but for these marks and the words of messages, which are kept themselves. */
function kept(): Record<string, readonly Kept[]> {
  const db = new SqliteDatabase(join(ground.broker.home, "mesh.db"), { readonly: true });
  try {
    db.exec("BEGIN");
    const tables = db
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%' ORDER BY name")
      .pluck()
      .all() as string[];
    return Object.fromEntries(
      tables
        .filter((name) => !WORDS.test(name) && name !== AUDIT && name !== PRESENCE)
        .map((name) => {
          const rows = db.prepare<[], Kept>(`SELECT * FROM "${name}"`).all();
          return [name, rows.filter((row) => !isPresence(row) && !countsThem(row))];
        }),
    );
  } finally {
    db.close();
  }
}

/** The session that a row tells the end of, where a sweep ended it: one that an admitted caller opened and did not renew. */
function endedByTime({ type, facts }: Kept): string | undefined {
  if (type !== "session.ended" || typeof facts !== "string") return undefined;
  const { session, why } = JSON.parse(facts);
  return why === "no_heartbeat" ? session : undefined;
}

/** What was kept, by table and in short, without sessions that a sweep had ended by the later moment. */
function inShort(tables: ReturnType<typeof kept>, later: ReturnType<typeof kept>): Record<string, string> {
  const ended = new Set((later.event ?? []).map(endedByTime).filter((id) => id !== undefined));
  const isEnded = (row: Kept) => ended.has(String(row.id)) || ended.has(endedByTime(row) ?? "");
  return Object.fromEntries(
    Object.entries(tables).map(([name, rows]) => {
      const left = name === "session" || name === "event" ? rows.filter((row) => !isEnded(row)) : rows;
      const text = JSON.stringify(left, (key, value) => (HEARD_OF.includes(key) ? undefined : value));
      return [name, createHash("sha256").update(text).digest("hex")];
    }),
  );
}

function verdict(row: Row, expected: Expected): string {
  if (expected === "admitted") return String(row.endpoint.status);
  return typeof expected === "number" ? String(expected) : `${errorTable[expected].status} ${expected}`;
}

function said({ status, problem }: Answer): string {
  return problem ? `${status} ${problem.code}` : String(status);
}

async function walk(kind: Kind, exampleOf: (row: Row) => Promise<Example>, which: (row: Row) => boolean) {
  const rows = ground.rows.filter((row) => (kind.of?.(row) ?? true) && which(row));
  const found: Record<string, string> = {};
  for (const row of rows) {
    const answer = await made(ground.broker.port, kind.call(await exampleOf(row), ground, row));
    found[row.name] = said(answer);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
  }
  expect(found).toEqual(Object.fromEntries(rows.map((row) => [row.name, verdict(row, kind.expected(row))])));
  return rows.length;
}

const standingOf = async (row: Row) => standing.get(row) ?? row.example();
/** What ends the broker comes last. */
const ends = ({ name }: Row) => name === "shutdown";

describe("every endpoint, called by", () => {
  test.each(Object.entries(kinds))("%s, answers by its rule, and a refusal changes nothing", async (_, kind) => {
    const before = kept();
    const isRefused = (row: Row) => kind.expected(row) !== "admitted";
    const refused = await walk(kind, standingOf, isRefused);
    const after = kept();
    expect(inShort(after, after), "what is kept").toEqual(inShort(before, after));
    const admitted = await walk(
      kind,
      (row) => row.example(),
      (row) => !isRefused(row) && !ends(row),
    );
    expect(refused + admitted).toBeGreaterThan(0);
  });

  test("whoever was refused, still answers its owner", async () => {
    const { "the owner of what it is about": owner } = kinds;
    if (!owner) throw new Error("the owner is no kind of caller any more");
    await walk(owner, standingOf, (row) => !ends(row));
    expect(await walk(owner, standingOf, ends)).toBe(1);
  });
});
