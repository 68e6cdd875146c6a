/** Two brokers of one mesh on Postgres, as whoever adds one makes them. */
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { startTestBroker, tempDir } from "testkit";

/** A state folder with the key of another. */
export function folderWithKeyOf(home: string) {
  const folder = tempDir();
  copyFileSync(join(home, "key"), join(folder.path, "key"));
  return folder;
}

/** Starts them; both are stopped, and their folders removed, on dispose. */
export async function brokerPair(url: string, ...more: readonly string[]) {
  const args = ["--database", url, ...more];
  const first = await startTestBroker({ args });
  const folder = folderWithKeyOf(first.home);
  const second = await startTestBroker({ home: folder.path, args });
  return {
    brokers: [first, second] as const,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([first, second].map((each) => each[Symbol.asyncDispose]()));
      folder[Symbol.dispose]();
    },
  };
}
