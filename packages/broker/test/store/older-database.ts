/** A database as a broker of an older schema left it: made by the migrations that it knew, with mail in it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { bodyHash } from "../../src/store/shared/rows/body.ts";
import type { Driver } from "../../src/store/sqlite/driver/database.ts";
import { migrations } from "../../src/store/sqlite/file/migrate.ts";

const LIFE_MS = 60_000;

/** What alice had sent bob, who listens to build.*: two messages wait, the second is published, and one is dead. */
const MAIL = [
  { body: "still here", topic: null, state: "queued" },
  { body: "and published", topic: "build.api", state: "queued" },
  { body: "never read", topic: null, state: "dead" },
] as const;
/** What is kept of it: each message with its delivery, and the subscription. */
export const OLDER_KEPT = {
  messages: MAIL.length,
  bytes: MAIL.reduce((sum, { body }) => sum + 2_048 + 2 * body.length, 512),
};

/** One of everything that a mesh had from the first schema on, beside the mail: each state, and each other table. */
export const EVERYTHING = (now: number): string => {
  const states = ["acked", "leased", "expired", "cancelled", "held", "refused"];
  const rows = states.map((state, i) => {
    const [n, body] = [MAIL.length + 1 + i, `ended ${state} "quoted" ☃`];
    const bytes = Buffer.byteLength(body);
    const isOpen = state === "leased" || state === "held";
    const lease = state === "leased" ? `'rcp_1', 'ses_1', ${now + LIFE_MS}` : "NULL, NULL, NULL";
    return `INSERT INTO message (pk, id, sender_pk, thread_id, in_reply_to, hops, urgency, body, body_bytes, body_hash, accepted_at, expires_at)
        VALUES (${n}, 'msg_${n}', 1, 'thr_1', 'msg_1', ${i}, ${i % 3}, '${body}', ${bytes}, '${bodyHash(body)}', ${now}, ${now + LIFE_MS});
      INSERT INTO delivery (pk, id, message_pk, agent_pk, seq, bytes, state, attempt, failures, accepted_at, expires_at, receipt, session_id, lease_ends_at, reason, ended_at)
        VALUES (${n}, 'dlv_${n}', ${n}, 2, ${n}, ${bytes}, '${state}', ${i}, ${i}, ${now}, ${now + LIFE_MS}, ${lease}, 'because', ${isOpen ? "NULL" : now});
      INSERT INTO timeline (delivery_pk, agent_pk, sender_pk, at, event, attempt, session_id, path, reason)
        VALUES (${n}, 2, 1, ${now}, '${state}', ${i}, 'ses_1', 'stream', 'because');`;
  });
  return `${rows.join("\n")}
    UPDATE agent SET next_seq = ${MAIL.length + 1 + states.length}, last_seen_at = ${now}, policy = '{}', profile = '{"summary":"☃"}' WHERE pk = 2;
    INSERT INTO agent (pk, id, name, token_hash, profile, registered_at, removed_at) VALUES (3, 'agt_gone', 'gone', 'gone', '{}', ${now}, ${now});
    INSERT INTO agent (pk, id, name, token_hash, profile, registered_at, archived_at) VALUES (4, 'agt_old', 'old', 'old', '{}', ${now}, ${now});
    INSERT INTO session (id, agent_pk, opened_at, seen_at, heard, push_paths) VALUES ('ses_1', 2, ${now}, ${now}, 1, '[]');
    INSERT INTO legacy_peer (id, agent_pk, facts) VALUES ('peer', 4, '{}');
    INSERT INTO webhook (agent_pk, sealed, set_at, failures, failed_at, failed_why, disabled) VALUES (2, 'sealed', ${now}, 5, ${now}, 'gone', 1);
    INSERT INTO idempotency (sender_pk, key, content_hash, message_pk, expires_at) VALUES (1, 'key', 'hash', 1, ${now + LIFE_MS});
    INSERT INTO ask (message_pk, asker_pk, debtor_pk, answer_within_ms, due_at) VALUES (1, 1, 2, 1000, ${now + LIFE_MS});
    INSERT INTO push (delivery_pk, session_id, pushes) VALUES (1, 'ses_1', 2);`;
};

/** Makes it in a folder, at a time, with the mark that such a broker kept beside it; `more` is put into it, too. */
export function makeOlderDatabase(driver: Driver, folder: string, schema: number, now: number, more = ""): void {
  const [init = "", ...later] = migrations.slice(0, schema);
  const db = driver.open(join(folder, "mesh.db"));
  db.exec(`PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; ${init}`);
  db.exec(`INSERT INTO mesh (one, instance_id, epoch) VALUES (1, 'older', 'epoch');
    INSERT INTO agent (pk, id, name, token_hash, profile, registered_at, next_seq)
    VALUES (1, 'agt_alice', 'alice', 'alice', '{}', ${now}, 1), (2, 'agt_bob', 'bob', 'bob', '{}', ${now}, ${MAIL.length + 1});
    INSERT INTO subscription (agent_pk, pattern, since) VALUES (2, 'build.*', ${now})`);
  const message = db.prepare<[number, string, string | null, string, string, number, string, number, number]>(
    `INSERT INTO message (pk, id, sender_pk, topic, thread_id, body, body_bytes, body_hash, accepted_at, expires_at)
     VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const delivery = db.prepare<[number, string, number, number, number, string, number, number, number | null]>(
    `INSERT INTO delivery (pk, id, message_pk, agent_pk, seq, bytes, state, accepted_at, expires_at, ended_at)
     VALUES (?, ?, ?, 2, ?, ?, ?, ?, ?, ?)`,
  );
  const told = db.prepare<[number, number]>(
    `INSERT INTO timeline (delivery_pk, agent_pk, sender_pk, at, event, attempt) VALUES (?, 2, 1, ?, 'accepted', 0)`,
  );
  for (const [i, { body, topic, state }] of MAIL.entries()) {
    const n = i + 1;
    const text = [body, body.length, bodyHash(body)] as const;
    message.run(n, `msg_${n}`, topic, `thr_${n}`, ...text, now, now + LIFE_MS);
    delivery.run(n, `dlv_${n}`, n, n, body.length, state, now, now + LIFE_MS, state === "dead" ? now : null);
    told.run(n, now);
  }
  for (const sql of later) db.exec(sql);
  db.pragma(`user_version = ${schema}`);
  if (more !== "") db.exec(more);
  db.close();
  const mark = { instanceId: "older", schema, lastPosition: MAIL.length, clean: true };
  writeFileSync(join(folder, "mesh.mark.json"), JSON.stringify(mark), { mode: 0o600 });
}
