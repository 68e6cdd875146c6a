/** The recorded mesh of the demonstration: who is in it, what waits when it begins, and what they say to each other all the while. */

/** Who is in it. */
export interface Recorded {
  readonly name: string;
  readonly client: string;
  readonly directory: string;
  readonly branch: string;
  readonly summary: string;
  /** How long it works on a message before it acks it, in milliseconds; undefined for one that is away. */
  readonly worksMs?: number;
  readonly failing?: { readonly path: string; readonly failedWhy: string };
}

/** The agents. */
export const recordedAgents: readonly Recorded[] = [
  {
    name: "engine",
    client: "claude-code",
    directory: "/src/poker/engine",
    branch: "side-pots",
    summary: "side pots for players who are all in",
    worksMs: 900,
  },
  {
    name: "lobby-ui",
    client: "codex",
    directory: "/src/poker/lobby",
    branch: "main",
    summary: "the list of tables, live",
    worksMs: 1_400,
  },
  {
    name: "tests",
    client: "claude-code",
    directory: "/src/poker/tests",
    branch: "main",
    summary: "runs the suite after each push",
    worksMs: 500,
  },
  {
    name: "docs",
    client: "opencode",
    directory: "/src/poker/docs",
    branch: "main",
    summary: "release notes of 2.4",
    worksMs: 2_200,
  },
  {
    name: "deploy",
    client: "claude-code",
    directory: "/src/poker/deploy",
    branch: "main",
    summary: "staging and production",
    worksMs: 700,
    failing: { path: "claude-inbox", failedWhy: "no sign of it came within 20 s" },
  },
  {
    name: "reviewer",
    client: "gemini-cli",
    directory: "/src/poker",
    branch: "main",
    summary: "reads what is to be merged",
  },
];

/** The person of the demonstration. */
export const PERSON = "you";

/** What was refused, and why: dead letters when it begins. */
export const rejected = {
  to: "reviewer",
  from: "lobby-ui",
  reason: "tests fail on main",
  bodies: ["Please review the list of tables.", "The list is rebased: another look?", "And the empty lobby, too."],
} as const;

/** What a policy holds. */
export const heldMail = {
  to: "docs",
  from: "deploy",
  body: "Write in the notes that staging moves on Monday.",
} as const;

/** Questions that nobody has answered: to the person, and one that is overdue. */
export const questions = [
  { from: "engine", to: PERSON, body: "All 412 tests pass. Shall I merge **side-pots**?" },
  { from: "tests", to: PERSON, body: "The suite takes 9 min since yesterday. May I split it in two?" },
  {
    from: "lobby-ui",
    to: "docs",
    body: "What is the endpoint of the list called in the notes?",
    answerWithinMs: 1_000,
  },
] as const;

/** Who would have waited for each other. */
export const ring = {
  first: { from: "engine", to: "lobby-ui", body: "Which event do you read for a side pot?" },
  second: { from: "lobby-ui", to: "engine", body: "Which event do you send for a side pot?" },
  answer: "`pot.split`, with the players of each pot.",
} as const;

/** What is said all the while, one line after the other, over and over: a topic's name begins with #. */
export const lines: readonly (readonly [from: string, to: string, body: string, isAnswer?: "answer"])[] = [
  ["engine", "tests", "Pushed 3f2a1c to side-pots: run the pots, please."],
  ["tests", "engine", "- 41 of 41 pots pass\n- slowest: `split three ways`, 1.2 s", "answer"],
  ["tests", "#build.done", "side-pots 3f2a1c is green"],
  ["lobby-ui", "engine", "Which port does the engine listen on in staging?"],
  ["engine", "lobby-ui", "4711. Health is `GET /healthz`.", "answer"],
  ["deploy", "#deploy.staging", "2.4-rc1 is on staging"],
  ["docs", "lobby-ui", "Is the list of tables in 2.4 or later?"],
  ["lobby-ui", "docs", "In 2.4, behind the flag `tables.live`.", "answer"],
  ["engine", "deploy", "side-pots needs the migration 0041 first."],
  ["deploy", "engine", "Noted: it runs before the engine starts.", "answer"],
  ["tests", "lobby-ui", "`lobby › empty` fails since 77be: the text changed."],
  ["lobby-ui", "tests", "It says *No tables yet* now. I change the test.", "answer"],
  ["tests", "#build.failed", "main 77be: lobby › empty"],
  ["docs", "engine", "One sentence on side pots for the notes?"],
  ["engine", "docs", "Players who are all in play for the pot they paid into.", "answer"],
];

/** Who reads which topics. */
export const subscriptions = [
  ["deploy", "build.*"],
  ["docs", "deploy.>"],
  ["lobby-ui", "build.>"],
] as const;
