/** `agentmesh doctor`: every check once, what can be mended without asking mended with `--fix`, then looked at again. */
import { Hindrance } from "@agentmesh/client";
import { refusalSentences } from "@agentmesh/client/node";
import { systemRefusal, VERSION } from "@agentmesh/protocol";
import { CommandEnd } from "../command-error.ts";
import type { Context } from "../context.ts";
import { ConfigRefusal } from "../setup/config/refusal.ts";
import { actAsOwnerOf } from "../setup/person.ts";
import { surroundingsOf } from "../setup/survey.ts";
import { jsonText, print, tell } from "../terminal/output.ts";
import { inFrame } from "../terminal/waiting.ts";
import type { Check, Examined, Finding, Mended } from "./check.ts";
import { checks } from "./checks.ts";
import { findingLines, mendedLines, summary } from "./report.ts";
import { type Site, siteOf } from "./site.ts";

/** Looks, mends where that is asked for, and tells. @throws CommandEnd when a fault is left */
export async function doctor(context: Context, options: { readonly fix?: true }): Promise<void> {
  if (options.fix) actAsOwnerOf(surroundingsOf(context.env, false).home, context.env);
  const first = await examined(context);
  const mended = options.fix ? mend(first.findings) : [];
  const last = mended.length === 0 ? first : await examined(context);
  const faults = last.findings.filter(({ verdict }) => verdict === "fault").length;
  if (context.json) await print(jsonText(reportJson(context, last, mended)));
  else {
    await print([...mendedLines(mended), ...findingLines(last.findings)].join("\n"));
    await tell(summary(last, options.fix === true));
  }
  if (faults > 0) throw new CommandEnd("faulty");
}

async function examined(context: Context): Promise<Examined> {
  const site = siteOf(context);
  const findings = await inFrame({
    json: context.json,
    what: () => "what the checks find",
    stands: () => "Nothing was changed.",
    async call() {
      const found: Examined["findings"][number][] = [];
      for (const check of checks)
        found.push(...(await findingsOf(check, site)).map((one) => ({ check: check.name, ...one })));
      return found;
    },
  });
  return { findings, mendable: findings.filter(({ fix }) => fix !== undefined).length };
}

/** What keeps a check from looking is what it found. */
async function findingsOf(check: Check, site: Site): Promise<readonly Finding[]> {
  try {
    return await check.look(site);
  } catch (error) {
    return [{ verdict: "fault", about: check.name, says: reasonOf(error) }];
  }
}

function mend(findings: readonly Finding[]): Mended[] {
  return findings.flatMap(({ fix }) => {
    if (fix === undefined) return [];
    try {
      fix.act();
      return [{ did: fix.did }];
    } catch (error) {
      return [{ did: fix.did, failed: reasonOf(error) }];
    }
  });
}

/** The sentence of an error that is no bug. @throws what is one */
function reasonOf(error: unknown): string {
  if (error instanceof Hindrance || error instanceof ConfigRefusal) return error.message.replace(/\.$/, "");
  const refusal = systemRefusal(error);
  if (refusal) return refusalSentences(refusal).replace(/\.$/, "");
  throw error;
}

function reportJson({ folder }: Context, { findings }: Examined, mended: readonly Mended[]) {
  const count = (verdict: Finding["verdict"]) => findings.filter((each) => each.verdict === verdict).length;
  return {
    version: VERSION,
    home: folder.path,
    faults: count("fault"),
    warnings: count("warning"),
    notLookedAt: count("skipped"),
    mended,
    findings: findings.map(({ fix, ...rest }) => ({ ...rest, mendable: fix !== undefined })),
  };
}
