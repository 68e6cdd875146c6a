/** The result as a table: a row per client, a column per step. */
import type { Proof } from "./steps.ts";

/** What a row is made of. */
export interface Row {
  readonly client: string;
  readonly version: string;
  readonly proofs: readonly Proof[];
  readonly seconds: number;
  readonly refused: readonly string[];
}

const STEPS = ["configured", "lists", "calls tools", "proven", "idle", "busy", "answers", "stopped", "leaves"] as const;

/** Lines of a Markdown table, and what the clients tried to reach beside loopback. */
export function table(rows: readonly Row[]): string {
  const head = ["client", "version", ...STEPS, "took"];
  const cells = rows.map(({ client, version, proofs, seconds }) => [
    client,
    version,
    ...STEPS.map((step) => cell(proofs.find((proof) => proof.step === step))),
    `${seconds} s`,
  ]);
  const widths = head.map((title, index) => Math.max(title.length, ...cells.map((row) => row[index]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((text, index) => text.padEnd(widths[index] ?? 0)).join(" | ")} |`;
  const refused = rows.flatMap(({ client, refused }) =>
    refused.length > 0 ? [`${client}: ${refused.join(", ")}`] : [],
  );
  return [
    line(head),
    line(widths.map((width) => "-".repeat(width))),
    ...cells.map(line),
    ...(refused.length > 0 ? ["", "Tried to reach, and were refused:", ...refused] : []),
  ].join("\n");
}

function cell(proof: Proof | undefined): string {
  if (!proof) return "-";
  if (!proof.ok) return "FAILED";
  if (proof.detail.startsWith("stays online")) return "lingers";
  if (proof.step === "proven") return "by a canary";
  if (proof.shownMs === undefined) return "yes";
  const [, path] = /pushed \(([\w-]+)\)/.exec(proof.detail) ?? [];
  const [, evidence] = /acked \((\w+)\)/.exec(proof.detail) ?? [];
  return `${proof.shownMs} ms ${path}, ${evidence}`;
}
