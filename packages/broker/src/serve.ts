/** From arguments to an exit code: settings, start, signals, graceful stop. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type SystemRefusal, systemRefusal, VERSION } from "@agentmesh/protocol";
import { type LoadedConfig, loadConfig } from "./config/load.ts";
import { configRows } from "./config/schema.ts";
import { createLog } from "./log.ts";
import { standardOutput } from "./log-output.ts";
import { RepeatedLines } from "./log-repeats.ts";
import { type RunningBroker, startBroker } from "./start-broker.ts";
import { noteStopped, refusalSentences, refusedBy, StateFolderError } from "./state-files.ts";

/** What is refused may be granted in a moment: too many open files, no memory. */
const PASSES = 75;
const STATE_FOLDER = 77;

/** Exit codes by the name of the error that prevented the start. */
const EXIT_CODES: Readonly<Record<string, number>> = {
  AlreadyRunningError: 3,
  PortTakenError: 4,
  NewerDatabaseError: 5,
  NoDriverError: 72,
  DatabaseDamagedError: 74,
  StateFolderError: STATE_FOLDER,
  LockLostError: PASSES,
  ExposedBindError: 78,
};
/** Answers and posts under way, the sweeper and the database: each has its own, shorter time. */
const FORCE_AFTER_MS = 8_000;
/** How long a slow reader of the log is given for its last lines. */
const LAST_LINES_MS = 300;

/** Runs the broker until it is asked to stop; resolves to the exit code. */
export async function serve(argv: readonly string[]): Promise<number> {
  if (argv.includes("--version")) return say(VERSION);
  if (argv.includes("--help") || argv.includes("-h")) return say(helpText());
  const [command, ...rest] = argv;
  const printConfig = command === "config";
  let loaded: LoadedConfig;
  try {
    loaded = loadConfig(printConfig ? rest : argv, process.env, readIfThere);
  } catch (error) {
    if (!(error instanceof StateFolderError)) throw error;
    console.error(`agentmesh-broker: ${error.message}`);
    return systemRefusal(error)?.passes ? PASSES : STATE_FOLDER;
  }
  if (!loaded.config) {
    for (const error of loaded.errors) console.error(`agentmesh-broker: ${error}`);
    console.error("See: agentmesh-broker --help");
    return 2;
  }
  const { config, sources } = loaded;
  if (printConfig) {
    return say(
      configRows.map(({ key }) => `${key.padEnd(18)} ${String(config[key]).padEnd(24)} ${sources[key]}`).join("\n"),
    );
  }
  process.umask(0o077);
  const output = standardOutput({ path: join(config.home, "broker.log"), mostBytes: config.logMaxBytes });
  const repeats = new RepeatedLines();
  const log = createLog(config, output, repeats);
  process.on("uncaughtException", (error) => {
    log.fatal({ err: error }, "broker.failed");
    process.exit(systemRefusal(error)?.passes ? PASSES : 1);
  });
  // From here on: who sees it announced may end it at once, and that is a stop as any other. The same signal again ends it anyhow.
  const signal = nextSignal();
  let broker: RunningBroker;
  try {
    broker = await startBroker(config, log);
  } catch (error) {
    const code = error instanceof Error ? EXIT_CODES[error.name] : undefined;
    const refusal = systemRefusal(error);
    if (code === undefined && !refusal) {
      log.fatal({ err: error }, "broker.failed");
      return 1;
    }
    const detail = code === undefined && refusal ? unforeseen(refusal, config.home) : messageOf(error);
    log.error({ detail }, "broker.refused");
    console.error(`agentmesh-broker: ${detail}`);
    return refusal?.passes ? PASSES : (code ?? STATE_FOLDER);
  }
  const why = await Promise.race([broker.stopAsked.then(() => "request"), signal]).catch((error: Error) => error);
  if (why instanceof Error) {
    log.fatal({ detail: why.message }, "store.gone");
    return EXIT_CODES[why.name] ?? 1;
  }
  log.info({ why }, "broker.stopping");
  if ((why === "request" || why === "SIGINT") && !noteStopped(config.home)) {
    log.warn(
      { detail: "the disk does not take the note that a person stopped it: sessions may start it again" },
      "stop.unnoted",
    );
  }
  const force = setTimeout(() => process.exit(1), FORCE_AFTER_MS);
  await broker.close();
  clearTimeout(force);
  repeats.tell();
  log.info({ why }, "broker.stopped");
  await output.drained(LAST_LINES_MS);
  return 0;
}

function unforeseen(refusal: SystemRefusal, home: string): string {
  const given = { about: `The state folder ${home}`, denied: "cannot be used" };
  return refusalSentences(refusal, refusal.about === undefined ? given : {});
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Help made from the settings. */
export function helpText(): string {
  const rows = configRows.map(({ flag, isSwitch, fallback, help, env }) => {
    const name = isSwitch ? flag : `${flag} <${fallback === "" ? "list" : "value"}>`;
    return `  ${name.padEnd(32)} ${help} [${env}${isSwitch || fallback === "" ? "" : `, ${fallback}`}]`;
  });
  return [
    `agentmesh-broker ${VERSION}: the message broker of agentmesh`,
    "",
    "  agentmesh-broker [settings]          serve until SIGTERM, SIGINT or `agentmesh down`",
    "  agentmesh-broker config [settings]   print every setting with its source",
    "",
    "Settings; each also in the environment and in config.json of the state folder:",
    ...rows,
    "",
    "Exit codes: 0 stopped, 1 failed, 2 bad settings, 3 already running, 4 port taken, 5 database newer than this broker,",
    "72 no SQLite loads, 74 database damaged or missing, 75 refused by the system for the moment, or its lock was taken away,",
    "77 state folder not usable, 78 refused to listen beyond this machine.",
  ].join("\n");
}

function say(text: string): number {
  console.log(text);
  return 0;
}

function nextSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.once(signal, () => resolve(signal));
  });
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw refusedBy(error, path, "cannot be read", { path });
  }
}
