/** The report of setup and uninstall for programs. */
import { changes } from "./plan.ts";
import { type ClientReport, type FileReport, isIncomplete, type ReportTerms } from "./report.ts";

/** One object with an entry for each client. */
export function reportJson(
  reports: readonly ClientReport[],
  { verb, at, to, dryRun }: ReportTerms & { readonly dryRun: boolean },
): Record<string, unknown> {
  return {
    verb,
    dryRun,
    adapter: [to.command, ...to.args],
    clients: reports.map(({ client, found, files, aside, declined, shutOut }) => ({
      client: client.name,
      found: found ?? null,
      files: files.map(fileJson),
      ...(aside !== undefined && { aside }),
      ...(declined && { declined }),
      check: client.check,
      restart: client.restart,
      ...(verb === "setup" && {
        shutOut: shutOut ?? [],
        byHand: client.byHand?.(at, to),
        // Advice on what comes next is none where the server is not there.
        notes: files.some(isIncomplete) ? [] : (client.afterwards?.(at, to) ?? []),
      }),
    })),
  };
}

function fileJson({ plan, outcome, failed }: FileReport): Record<string, unknown> {
  const { path } = plan.file;
  const why = failed ?? plan.refused;
  if (why !== undefined) return { path, action: "refused", why };
  const action = !changes(plan)
    ? "unchanged"
    : plan.edition.text === undefined
      ? "remove"
      : plan.from === undefined
        ? "make"
        : "change";
  return {
    path,
    action,
    written: outcome !== undefined,
    parts: plan.edition.parts,
    notes: plan.edition.notes,
    ...outcome,
  };
}
