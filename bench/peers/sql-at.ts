/** One statement at a database. */
import pg from "pg";

/** Runs it over a connection of its own. */
export async function sqlAt(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}
