/** Settings from flags, environment and file, in this order of precedence. Pure: prints nothing, exits nowhere. */
import { userInfo } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { inWords, PathSettingError, pathSetting, stateFolderSetting, wrongValues } from "@agentmesh/protocol";
import { nearNames } from "../mesh/names/near-names.ts";
import { hasPassword } from "./database-address.ts";
import { type Config, type ConfigKey, type ConfigRow, ConfigSchema, configRows } from "./schema.ts";

/** Where a value came from. */
export type Source = "flag" | "environment" | "file" | "default";

/** The settings with their sources, or what is wrong with them. */
export interface LoadedConfig {
  readonly config?: Config;
  readonly sources: Readonly<Record<ConfigKey, Source>>;
  readonly errors: readonly string[];
}

/** Settings that name a file. */
const FILES: ReadonlySet<ConfigKey> = new Set(["tlsCert", "tlsKey", "databasePasswordFile"]);

/** Resolves the settings. `readFile` returns the text of the settings file of a state folder, if there is one. */
export function loadConfig(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  readFile: (path: string) => string | undefined,
): LoadedConfig {
  const errors: string[] = [];
  const flags = readFlags(argv, errors);
  const environment = readEnvironment(env);
  const home = stateFolder(flags.home, env, errors);
  if (home === undefined) return { sources: sourcesOf({}), errors };
  const file = readSettings(join(home, "config.json"), readFile, errors);

  const sources: Partial<Record<ConfigKey, Source>> = {};
  const raw: Record<string, unknown> = {};
  for (const { key } of configRows) {
    const [source, value] =
      flags[key] !== undefined
        ? (["flag", flags[key]] as const)
        : environment[key] !== undefined
          ? (["environment", environment[key]] as const)
          : file[key] !== undefined
            ? (["file", file[key]] as const)
            : (["default", undefined] as const);
    sources[key] = source;
    if (value !== undefined) raw[key] = value;
  }
  for (const row of configRows.filter(({ key }) => FILES.has(key))) {
    const path = filePath(
      raw[row.key],
      saidBy(row, sources[row.key], env, join(home, "config.json")),
      sources[row.key],
      env,
      errors,
    );
    if (path !== undefined) raw[row.key] = path;
  }
  const parsed = ConfigSchema.safeParse({ ...raw, home }, inWords);
  if (!parsed.success) {
    for (const { path, message } of wrongValues(parsed.error)) {
      const row = configRows.find(({ key }) => key === path.split(".")[0]);
      errors.push(`${row ? saidBy(row, sources[row.key], env, join(home, "config.json")) : "settings"} ${message}.`);
    }
  }
  if (parsed.success) errors.push(...tlsErrors(parsed.data), ...databaseErrors(parsed.data, sources));
  const all = sourcesOf(sources);
  return parsed.success && errors.length === 0
    ? { config: Object.freeze(parsed.data), sources: all, errors }
    : { sources: all, errors };
}

/** A setting by the name that its value was given under. */
function saidBy(row: ConfigRow, source: Source | undefined, env: NodeJS.ProcessEnv, file: string): string {
  if (source === "environment") return [row.env, ...row.aliases].find((name) => env[name]) ?? row.env;
  return source === "file" ? `"${row.key}" in ${file}` : row.flag;
}

function sourcesOf(known: Partial<Record<ConfigKey, Source>>): Record<ConfigKey, Source> {
  return Object.fromEntries(configRows.map(({ key }) => [key, known[key] ?? "default"])) as Record<ConfigKey, Source>;
}

/** A flag is typed by a person, so a relative one starts here; nobody knows where one of the environment would. */
function stateFolder(flag: string | boolean | undefined, env: NodeJS.ProcessEnv, errors: string[]): string | undefined {
  const systemHome = () => userInfo().homedir;
  try {
    return resolve(
      typeof flag === "string"
        ? pathSetting(flag, { setting: "--home", env, systemHome, from: "." })
        : stateFolderSetting(env, systemHome),
    );
  } catch (error) {
    if (!(error instanceof PathSettingError)) throw error;
    errors.push(error.message);
    return undefined;
  }
}

/** The path of a file, whole; as with the state folder a relative one stands on the command line alone. */
function filePath(
  said: unknown,
  setting: string,
  source: Source | undefined,
  env: NodeJS.ProcessEnv,
  errors: string[],
): string | undefined {
  if (typeof said !== "string" || said === "") return undefined;
  try {
    const from = source === "flag" ? { from: "." } : {};
    return resolve(pathSetting(said, { setting, env, systemHome: () => userInfo().homedir, ...from }));
  } catch (error) {
    if (!(error instanceof PathSettingError)) throw error;
    errors.push(error.message);
    return undefined;
  }
}

/** Which settings of TLS mean nothing without another one. */
function tlsErrors({ tls, tlsCert, tlsKey }: Config): string[] {
  if ((tlsCert === "") !== (tlsKey === "")) return ["--tls-cert and --tls-key go together: a certificate and its key."];
  if (tlsCert !== "" && tls === "")
    return ["--tls-cert is for --tls [HOST:]PORT, which says where to listen over TLS. Add it."];
  return [];
}

/** What a database of Postgres does not go with. */
function databaseErrors(config: Config, sources: Partial<Record<ConfigKey, Source>>): string[] {
  const { database, startEmpty } = config;
  if (database === "") return [];
  return [
    ...(sources.database === "flag" && hasPassword(database)
      ? [
          "--database has a password, and whoever lists the processes of this machine sees it. Put it into a file (mode 0600), and name that with --database-password-file or PGPASSFILE.",
        ]
      : []),
    ...(startEmpty ? ["--start-empty is for a database of SQLite, and --database is set. Leave one of them out."] : []),
  ];
}

function readFlags(argv: readonly string[], errors: string[]): Partial<Record<ConfigKey, string | boolean>> {
  const options = Object.fromEntries(
    configRows.map((row) => [row.flag.slice(2), { type: row.isSwitch ? ("boolean" as const) : ("string" as const) }]),
  );
  try {
    const { values } = parseArgs({ args: [...argv], options, strict: true, allowPositionals: false });
    return Object.fromEntries(configRows.map((row) => [row.key, values[row.flag.slice(2)]]));
  } catch (error) {
    errors.push(error instanceof Error ? (error.message.split(". ")[0] ?? error.message) : String(error));
    return {};
  }
}

function readEnvironment(env: NodeJS.ProcessEnv): Partial<Record<ConfigKey, string>> {
  const said: Partial<Record<ConfigKey, string>> = Object.fromEntries(
    configRows.map((row) => [row.key, [row.env, ...row.aliases].map((name) => env[name]).find((value) => value)]),
  );
  return said;
}

function readSettings(
  path: string,
  readFile: (path: string) => string | undefined,
  errors: string[],
): Partial<Record<string, unknown>> {
  const text = readFile(path);
  if (text === undefined) return {};
  try {
    const settings: unknown = JSON.parse(text);
    if (typeof settings !== "object" || settings === null || Array.isArray(settings)) throw new Error("not an object");
    const known = configRows.map(({ key }) => key as string);
    for (const key of Object.keys(settings).filter((name) => !known.includes(name))) {
      errors.push(`${path}: unknown setting "${key}"; did you mean ${nearNames(key, known).join(", ") || "another"}?`);
    }
    return { ...settings };
  } catch (error) {
    errors.push(`${path} is not a JSON object of settings (${error instanceof Error ? error.message : error})`);
    return {};
  }
}
