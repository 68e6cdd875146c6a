/** `agentmesh audit`: who came in, was refused or revoked, and changed what decides over that. */
import { type AuditEntry, plainLine } from "@agentmesh/protocol";
import type { Context } from "../../context.ts";
import { localTime } from "../../terminal/clock.ts";
import { jsonText, print } from "../../terminal/output.ts";
import { commandLine } from "../../terminal/shell-word.ts";
import { waitFor } from "../../terminal/waiting.ts";

/** How long a look waits for an entry: it is answered with the first one. */
const WAIT_MS = 25_000;
const MOST = 500;

/** Options of `audit`. */
export interface AuditOptions {
  readonly follow?: true;
  readonly limit: number;
}

/** Prints the newest entries, and with --follow every later one. @throws MeshApiError */
export async function audit(context: Context, { follow, limit }: AuditOptions): Promise<void> {
  const admin = await context.admin();
  const { entries, next } = await admin.audit({ limit });
  if (!follow) {
    if (context.json) return print(jsonText({ entries, next }));
    return print(entries.length === 0 ? "Nothing is in the audit log yet." : entries.map(entryLine).join("\n"));
  }
  const show = async (some: readonly AuditEntry[]) => {
    for (const entry of some) await print(context.json ? jsonText(entry, 0) : entryLine(entry));
  };
  await show(entries);
  let after = next;
  await waitFor({
    json: context.json,
    what: () => "what happens next",
    stands: () => `Followed until here. Go on: ${commandLine(["agentmesh", ...context.meshWords(), "audit", "-f"])}`,
    async look({ signal, mayWaitMs }) {
      const page = await admin.audit({ after, limit: MOST, waitMs: mayWaitMs(WAIT_MS) }, { signal });
      after = page.next;
      await show(page.entries);
      return undefined;
    },
  });
}

/** An entry as one plain line: when, who, what. */
function entryLine({ at, act, by, about, why }: AuditEntry): string {
  const who = by.name ?? by.id ?? WHO[by.kind];
  const from = by.address === undefined ? "" : ` from ${by.address}`;
  const whom = about?.name ?? about?.id;
  const done = `${act.replaceAll("_", " ")}${whom === undefined ? "" : ` ${whom}`}`;
  return plainLine(`${localTime(at)}  ${who}${from}: ${done}${why === undefined ? "" : ` (${why})`}`, 500);
}

const WHO: Readonly<Record<AuditEntry["by"]["kind"], string>> = {
  ...{
    agent: "an agent",
    machine: "a machine",
    key: "the mesh key",
    page: "the page",
    nobody: "somebody without a token",
  },
  broker: "the broker",
};
