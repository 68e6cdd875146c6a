/** Why hooks cannot find their adapter, as it is told to whom. */
import { refusalSentences } from "@agentmesh/client/node";
import { systemBrief, systemRefusal } from "@agentmesh/protocol";

/** One reason in two wordings. */
export interface HookTrouble {
  /** For the session: the file, whose it is, and the command that mends it. */
  readonly whole: string;
  /** For all agents of the mesh. */
  readonly brief: string;
}

/** The trouble behind an error; `path` is the file where the system did not name it. */
export function hookTrouble(error: unknown, path: string): HookTrouble {
  const refusal = systemRefusal(error);
  const said = (why: string) =>
    `hooks cannot find their adapter, pid ${process.pid}: ${why}. It is tried again every few seconds`;
  if (!refusal) {
    const trouble = said(error instanceof Error ? error.message : String(error));
    return { whole: trouble, brief: trouble };
  }
  const whole = refusalSentences(refusal, { path: refusal.path ?? path }).replace(/\.$/, "");
  return { whole: said(whole), brief: said(systemBrief(refusal)) };
}
