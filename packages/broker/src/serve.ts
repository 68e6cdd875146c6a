/** From arguments to an exit code: settings, start, signals, graceful stop. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  brokerExitRows,
  brokerExits,
  giveBackUnusedMemory,
  type SystemRefusal,
  systemRefusal,
  VERSION,
} from "@agentmesh/protocol";
import { type LoadedConfig, loadConfig } from "./config/load.ts";
import { type Config, type ConfigKey, configRows } from "./config/schema.ts";
import { createLog } from "./log.ts";
import { isErrorOutputInLog, standardOutput } from "./log-output.ts";
import { RepeatedLines } from "./log-repeats.ts";
import { type RunningBroker, startBroker } from "./start-broker.ts";
import { noteStopped, refusals, refusedBy, StateFolderError } from "./state-files.ts";
import { shownAddress } from "./store/postgres/database/shown-address.ts";

/** Exit codes by the name of the error that prevented the start. */
const EXIT_CODES: Readonly<Record<string, number>> = {
  AlreadyRunningError: brokerExits.alreadyRunning.code,
  PortTakenError: brokerExits.portTaken.code,
  NewerDatabaseError: brokerExits.newerDatabase.code,
  NoDriverError: brokerExits.noDriver.code,
  DatabaseDamagedError: brokerExits.damaged.code,
  BackupError: brokerExits.stateFolder.code,
  MovedAwayError: brokerExits.stateFolder.code,
  StateFolderError: brokerExits.stateFolder.code,
  LockLostError: brokerExits.later.code,
  ExposedBindError: brokerExits.exposed.code,
  TlsFilesError: brokerExits.settings.code,
  NoDatabaseDriverError: brokerExits.noDriver.code,
  NewerSchemaError: brokerExits.newerDatabase.code,
  DatabaseAwayError: brokerExits.later.code,
  DatabaseRefusedError: brokerExits.database.code,
  UnsafeDatabaseError: brokerExits.database.code,
  OtherMeshKeyError: brokerExits.database.code,
  StartEndedError: brokerExits.stopped.code,
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
  const moving = command === "move" ? (await import("./move/command.ts")).moveCommand(rest) : undefined;
  let loaded: LoadedConfig;
  try {
    loaded = loadConfig(moving?.rest ?? (printConfig ? rest : argv), process.env, readIfThere);
  } catch (error) {
    if (!(error instanceof StateFolderError)) throw error;
    console.error(`agentmesh-broker: ${error.message}`);
    return codeOf(systemRefusal(error), brokerExits.stateFolder.code);
  }
  if (!loaded.config) {
    for (const error of loaded.errors) console.error(`agentmesh-broker: ${error}`);
    console.error("See: agentmesh-broker --help");
    return brokerExits.settings.code;
  }
  const { config, sources } = loaded;
  if (printConfig) {
    return say(
      configRows.map(({ key }) => `${key.padEnd(20)} ${shownValue(config, key).padEnd(24)} ${sources[key]}`).join("\n"),
    );
  }
  process.umask(0o077);
  if (moving) return moving.run(config, { print: console.log, fail: console.error });
  const output = standardOutput({ path: join(config.home, "broker.log"), mostBytes: config.logMaxBytes });
  const repeats = new RepeatedLines();
  const log = createLog(config, output, repeats);
  process.on("uncaughtException", (error) => {
    log.fatal({ err: error }, "broker.failed");
    process.exit(codeOf(systemRefusal(error), brokerExits.failed.code));
  });
  // From here on: who sees it announced may end it at once, and that is a stop as any other. The same signal again ends it anyhow.
  const signal = nextSignal();
  const ending = new AbortController();
  void signal.then(() => ending.abort());
  let broker: RunningBroker;
  try {
    broker = await startBroker(config, log, undefined, ending.signal);
  } catch (error) {
    const code = error instanceof Error ? EXIT_CODES[error.name] : undefined;
    const refusal = systemRefusal(error);
    if (code === undefined && !refusal) {
      log.fatal({ err: error }, "broker.failed");
      return brokerExits.failed.code;
    }
    if (code === brokerExits.stopped.code) {
      log.info({ why: messageOf(error) }, "broker.stopped");
      return code;
    }
    const detail = code === undefined && refusal ? unforeseen(refusal, config.home) : messageOf(error);
    log.error({ detail }, "broker.refused");
    if (!isErrorOutputInLog()) console.error(`agentmesh-broker: ${detail}`);
    return codeOf(refusal, code ?? brokerExits.stateFolder.code);
  }
  giveBackUnusedMemory();
  const why = await Promise.race([broker.stopAsked.then(() => "request"), signal]).catch((error: Error) => error);
  if (why instanceof Error) {
    log.fatal({ detail: why.message }, "store.gone");
    return EXIT_CODES[why.name] ?? brokerExits.failed.code;
  }
  log.info({ why }, "broker.stopping");
  if ((why === "request" || why === "SIGINT") && !noteStopped(config.home)) {
    log.warn(
      { detail: "the disk does not take the note that a person stopped it: sessions may start it again" },
      "stop.unnoted",
    );
  }
  const force = setTimeout(() => process.exit(brokerExits.failed.code), FORCE_AFTER_MS);
  const failure = await broker.close().then(
    () => undefined,
    (error: Error) => error,
  );
  clearTimeout(force);
  if (failure) {
    log.fatal({ detail: failure.message }, "store.gone");
    return EXIT_CODES[failure.name] ?? brokerExits.failed.code;
  }
  repeats.tell();
  log.info({ why }, "broker.stopped");
  await output.drained(LAST_LINES_MS);
  return brokerExits.stopped.code;
}

/** What is refused may be granted in a moment: too many open files, no memory. */
function codeOf(refusal: SystemRefusal | undefined, otherwise: number): number {
  return refusal?.passes ? brokerExits.later.code : otherwise;
}

function unforeseen(refusal: SystemRefusal, home: string): string {
  const given = { about: `The state folder ${home}`, denied: "cannot be used" };
  return refusals.sentences(refusal, refusal.about === undefined ? given : {});
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A setting's value as anybody may see it. */
function shownValue(config: Config, key: ConfigKey): string {
  return key === "database" ? shownAddress(config.database) : String(config[key]);
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
    "Exit codes:",
    ...brokerExitRows.map(({ code, meaning }) => `  ${String(code).padStart(2)}  ${meaning}`),
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
