/** The one table of exit codes: what each says, and whether the same command may help when it is run again. */

interface ExitRow {
  readonly code: number;
  readonly meaning: string;
  /** What a script does with it: whether the same command is worth running again. */
  readonly again: string;
}

const NO = "no";

/** Every way a command ends, by number. README.md and `agentmesh help exit-codes` show it. */
export const exitTable = {
  ok: {
    code: 0,
    meaning: "done; of send, ask, publish: the message is on disk, and what was waited for came",
    again: NO,
  },
  failure: {
    code: 1,
    meaning: "failed, and not by itself over: state folder not usable, a file that setup left alone, a webhook's no",
    again: "no: do what the sentence says",
  },
  usage: { code: 2, meaning: "wrong use; nothing was done", again: "no: correct it" },
  unreachable: {
    code: 3,
    meaning: "no broker answers or can be started, or what answers is not ours",
    again: "yes, once a broker runs: agentmesh up",
  },
  notFound: { code: 4, meaning: "no such agent, message, delivery or webhook; no client to set up", again: NO },
  refused: {
    code: 5,
    meaning:
      "refused by a rule: name taken, too large, policy, key used for other content, out already, not dead or held",
    again: "no: it would be refused again",
  },
  wouldChange: { code: 6, meaning: "with --exit-code: a dry run that would change something", again: NO },
  pending: {
    code: 7,
    meaning: "the time is over and what was waited for may still come: the message or question stands",
    again: "no: that would send it twice; look at it with agentmesh trace",
  },
  ended: {
    code: 8,
    meaning: "what was waited for will not come: dead, expired, cancelled, refused, or a ping that was not noticed",
    again: "only when its cause is mended",
  },
  faulty: {
    code: 9,
    meaning: "of doctor: a fault was found; of selftest: something did not pass; the lines above say what",
    again: "only when what is said there is mended",
  },
  internal: { code: 70, meaning: "a bug in agentmesh; the stack is printed", again: NO },
  later: {
    code: 75,
    meaning: "not now: inbox full, too many a minute, disk full, broker busy or failing; nothing was stored",
    again: "yes, a little later",
  },
  hungUp: { code: 129, meaning: "ended by SIGHUP while it waited; what stands is said", again: "as for 7" },
  interrupted: {
    code: 130,
    meaning: "ended by Ctrl-C (SIGINT) while it waited; what stands is said",
    again: "as for 7",
  },
  outputGone: {
    code: 141,
    meaning: "the reader of its output went away, as grep -m1 does behind agentmesh log -f; what was done stays done",
    again: NO,
  },
  terminated: { code: 143, meaning: "ended by SIGTERM while it waited; what stands is said", again: "as for 7" },
} as const satisfies Record<string, ExitRow>;

/** Name of a way to end. */
export type ExitName = keyof typeof exitTable;

/** Rows in the order of their numbers. */
export const exitRows: readonly (ExitRow & { readonly name: string })[] = Object.entries(exitTable).map(
  ([name, row]) => ({ name, ...row }),
);

/** The number of a way to end. */
export function exitCodeOf(name: ExitName): number {
  return exitTable[name].code;
}

/** What an answer of the broker with this status comes to. */
export function exitOfProblem({
  status,
  retryable,
}: {
  readonly status: number;
  readonly retryable: boolean;
}): ExitName {
  if (retryable) return "later";
  if (status === 400) return "usage";
  if (status === 404) return "notFound";
  return status < 500 ? "refused" : "failure";
}
