/** What the operating system refused, read from an error and said in sentences. */
import { barrierTo } from "./barrier.ts";
import type { Machine } from "./path-places.ts";
import { sqlite, table } from "./system-errors.ts";

/** One refusal of the operating system, as a person is told it. */
export interface SystemRefusal {
  /** `EACCES` and so on; a code of SQLite stands for the one that it means. */
  readonly code: string;
  /** Goes on a sentence: `this user may not`. */
  readonly cause: string;
  /** A sentence. */
  readonly remedy: string;
  /** Whether the same may succeed in a few seconds without anybody doing anything. */
  readonly passes: boolean;
  /** File, program, host or address that was refused, where the system said it. */
  readonly about: string | undefined;
  /** What could not be done with it: `cannot be written`. */
  readonly denied: string;
  /** The file that was refused, by its absolute path, where the system said it. */
  readonly path: string | undefined;
  /** The call that was refused, such as `open`; empty where the system did not say it. */
  readonly act: string;
}

/** What the system did not say, or said in its own words. */
export interface SaidOf {
  readonly about?: string;
  readonly denied?: string;
  /** A sentence that is put after the table's. */
  readonly remedy?: string;
  /** The file that was refused, where the system does not name it. */
  readonly path?: string;
  /** The state folder that was to be used: where it is one, it and what is in it may be claimed. */
  readonly ours?: string | undefined;
  /** Where the files are: with it is said whose they are, and the command that mends it. */
  readonly machine?: Machine;
}

/** Codes that mean what another one means. */
const SAME: Readonly<Record<string, string>> = {
  EOPNOTSUPP: "ENOTSUP",
  EWOULDBLOCK: "EAGAIN",
  EHOSTDOWN: "EHOSTUNREACH",
  ERR_FS_EISDIR: "EISDIR",
  SQLITE_PERM: "EACCES",
  SQLITE_NOMEM: "ENOMEM",
  SQLITE_READONLY: "EROFS",
  SQLITE_IOERR: "EIO",
  SQLITE_FULL: "ENOSPC",
};

/** Primary result codes of SQLite by number, as Node's own SQLite says them. */
const SQLITE: Readonly<Record<number, string>> = {
  3: "SQLITE_PERM",
  7: "SQLITE_NOMEM",
  8: "SQLITE_READONLY",
  10: "SQLITE_IOERR",
  13: "SQLITE_FULL",
  14: "SQLITE_CANTOPEN",
  26: "SQLITE_NOTADB",
};

const DENIED: Readonly<Record<string, string>> = {
  open: "cannot be opened",
  read: "cannot be read",
  scandir: "cannot be read",
  readlink: "cannot be read",
  stat: "cannot be looked at",
  lstat: "cannot be looked at",
  access: "cannot be used",
  write: "cannot be written",
  fsync: "cannot be written",
  copyfile: "cannot be copied",
  mkdir: "cannot be made",
  mkdtemp: "cannot be made",
  symlink: "cannot be made",
  link: "cannot be made",
  rename: "cannot be put in place",
  unlink: "cannot be removed",
  rm: "cannot be removed",
  rmdir: "cannot be removed",
  chmod: "cannot be given its mode",
  fchmod: "cannot be given its mode",
  chown: "cannot be given its owner",
  fchown: "cannot be given its owner",
  connect: "cannot be reached",
  getaddrinfo: "cannot be found",
  uv_cwd: "cannot be found",
  listen: "cannot be listened on",
  bind: "cannot be listened on",
};

/** What is meant where the system names nothing. */
const ABOUT: Readonly<Record<string, string>> = {
  uv_cwd: "The working directory",
  read: "What was to be read",
  write: "What was to be written",
};

/** The refusal in an error or in what caused it; undefined when no operating system spoke. */
export function systemRefusal(error: unknown): SystemRefusal | undefined {
  for (let each = error, depth = 0; each instanceof Error && depth < 8; each = each.cause, depth++) {
    const refusal = refusalIn(each);
    if (refusal) return refusal;
  }
  return undefined;
}

/**
 * The refusal as sentences: `/x cannot be written: the disk is full (ENOSPC). Free space on it.` Of a file on `machine` they
 * say whose it is, too.
 */
export function systemSentences(refusal: SystemRefusal, given: SaidOf = {}): string {
  const about = given.about ?? refusal.about ?? given.path ?? "The system";
  const { cause, remedy } = systemReason(refusal, { ...given, about });
  const all = given.remedy === undefined ? remedy : `${remedy} ${given.remedy}`;
  return `${about} ${given.denied ?? refusal.denied}: ${cause} (${refusal.code}). ${all}`;
}

/** What others than this machine's user are told: cause and code, without files, users and commands of the machine. */
export function systemBrief({ cause, code }: SystemRefusal): string {
  return `${cause} (${code})`;
}

/** Cause and remedy of a refusal, and with `machine` whose the file is. */
export function systemReason(
  { code, act, ...refusal }: SystemRefusal,
  { machine, ours, about, ...given }: SaidOf,
): Pick<SystemRefusal, "cause" | "remedy"> {
  const path = refusal.path ?? given.path;
  if (!machine || path === undefined) return refusal;
  const barrier = barrierTo({ code, path, act, about: about ?? path, ours }, machine);
  return barrier ?? refusal;
}

function refusalIn(error: Error): SystemRefusal | undefined {
  const said = codeOf(error);
  if (said === undefined) return undefined;
  const code = SAME[said] ?? SAME[said.split("_").slice(0, 2).join("_")] ?? said;
  const row = table[code] ?? sqlite[code.split("_").slice(0, 2).join("_")];
  const syscall = textOf(error, "syscall")?.split(" ")[0] ?? "";
  if (syscall === "uv_cwd" && code === "ENOENT") {
    return {
      ...{ code, about: "The working directory", denied: "cannot be found", passes: false },
      cause: "it was removed while this program or the shell above it stood in it",
      remedy: "Change into a directory that exists, and start it again.",
      ...{ path: undefined, act: syscall },
    };
  }
  // Node makes such a code up from the number that the system gave, so an unknown one is still the system's word.
  if (!row && !(/^E[A-Z0-9]{2,}$/.test(code) && typeof Reflect.get(error, "errno") === "number")) return undefined;
  const [cause, remedy, passes] = row ?? [
    sentenceOf(error),
    "The code is the operating system's: look it up by its name.",
  ];
  return {
    ...{ code, cause, remedy, passes: passes !== undefined },
    about: aboutOf(error) ?? ABOUT[syscall],
    denied: DENIED[syscall] ?? (syscall.startsWith("spawn") ? "cannot be started" : "refused"),
    path: pathOf(error),
    act: syscall,
  };
}

function codeOf(error: Error): string | undefined {
  const code = textOf(error, "code");
  // os.homedir() and its kind wrap the system's word.
  const info: unknown = Reflect.get(error, "info");
  if (code === "ERR_SYSTEM_ERROR" && typeof info === "object" && info !== null) return textOf(info, "code");
  const sqlite = Number(Reflect.get(error, "errcode") ?? Number.NaN);
  if (code === "ERR_SQLITE_ERROR" || (code === undefined && Number.isInteger(sqlite))) return SQLITE[sqlite & 0xff];
  return code;
}

function pathOf(error: Error): string | undefined {
  const path = textOf(error, "dest") ?? textOf(error, "path");
  return path?.startsWith("/") ? path : undefined;
}

function aboutOf(error: Error): string | undefined {
  const path = textOf(error, "path") ?? textOf(error, "hostname");
  const dest = textOf(error, "dest");
  if (dest !== undefined) return dest;
  if (path !== undefined) return path;
  const address = textOf(error, "address");
  const port: unknown = Reflect.get(error, "port");
  return address === undefined ? undefined : typeof port === "number" && port >= 0 ? `${address}:${port}` : address;
}

/** `EFOO: it is so, open '/x'` → `it is so`. */
function sentenceOf({ message }: Error): string {
  return /^E[A-Z0-9]+: ([^,]+)/.exec(message)?.[1] ?? message;
}

function textOf(value: object, name: string): string | undefined {
  const text: unknown = Reflect.get(value, name);
  return typeof text === "string" && text !== "" ? text : undefined;
}
