/** Care for the index of all words: it holds nothing that the messages do not, so damage to it costs no message. */
import type { Database } from "../driver/database.ts";

/** Whether a finding of SQLite is about the index of words alone. */
export function isSearchDamage(finding: string): boolean {
  return /^fts5: .*"message_text"|malformed inverted index for FTS5 table \S*message_text/.test(finding);
}

/** Makes the index anew from the messages. */
export function rebuildSearch(db: Database): void {
  db.exec("BEGIN IMMEDIATE");
  indexAllWords(db);
  db.exec("COMMIT");
}

/** The same within a transaction. */
export function indexAllWords(db: Database): void {
  db.exec(`
    INSERT INTO message_text (message_text) VALUES ('delete-all');
    INSERT INTO message_text (rowid, body) SELECT pk, body FROM message ORDER BY pk;
    UPDATE indexed SET until_pk = (SELECT IFNULL(MAX(pk), 0) FROM message);`);
}
