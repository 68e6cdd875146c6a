/** What the operating system says no with: the code, its cause in words, what to do, and whether it passes by itself. */

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
}

type Row = readonly [cause: string, remedy: string, passes?: "passes"];

const table: Readonly<Record<string, Row>> = {
  EACCES: ["this user may not do that", "Give this user the right to it: ls -ld shows whose it is, and its folders."],
  EPERM: [
    "the system does not let this user, whatever the mode says",
    "Look whose it is (ls -ld), whether it is immutable (lsattr), and whether a sandbox forbids it.",
  ],
  EROFS: ["it is on a file system that is mounted read-only", "Mount that for writing, or use a folder elsewhere."],
  ENOSPC: ["the disk is full, or has no inode left", "Free space on it: df -h and df -i show how much there is."],
  EDQUOT: ["this user's quota of the disk is used up", "Delete something, or have the quota raised."],
  EFBIG: [
    "the file would be larger than this system allows",
    "Raise the limit (ulimit -f), or make room in that file.",
  ],
  EMFILE: [
    "this process has as many files open as it may",
    "If it stays so, raise the limit (ulimit -n) and start the program again.",
    "passes",
  ],
  ENFILE: [
    "this machine has as many files open as it can",
    "If it stays so, end programs or raise fs.file-max.",
    "passes",
  ],
  ENOMEM: ["there is no memory left", "If it stays so, end other programs.", "passes"],
  EAGAIN: [
    "the system has no room for it at this moment",
    "If it stays so, look how many processes this user may have (ulimit -u).",
    "passes",
  ],
  ENOENT: ["it does not exist", "Make it, or correct the path."],
  EEXIST: ["it exists already", "Move it away."],
  ENOTEMPTY: ["the folder is not empty", "Move away what is in it."],
  ENOTDIR: ["a part of the path is a file and not a folder", "Move that file away, or correct the path."],
  EISDIR: ["a folder stands where a file belongs", "Move that folder away."],
  ELOOP: [
    "it is a symbolic link where none may be, or links that lead in a circle",
    "Put the real file or folder there.",
  ],
  ENAMETOOLONG: ["the path is longer than the system takes", "Use a shorter one."],
  EXDEV: ["the two places are on different disks", "Use places on one disk."],
  EMLINK: ["the file has as many names as it may have", "Remove some of its links."],
  ENOTSUP: ["its file system cannot do that", "Use a folder on a local disk."],
  ENOSYS: ["this system cannot do that", "Use a folder on a local disk, or a newer system."],
  ENOLCK: ["its file system gives no locks", "Use a folder on a local disk."],
  ESTALE: ["the network file system under it has lost it", "Mount that again, or use a folder on a local disk."],
  EIO: ["the device under it failed", "Look at the disk and at the system's log (dmesg)."],
  ENXIO: ["the device under it is gone", "Look at the disk and at the system's log (dmesg)."],
  ENODEV: ["the device under it is gone", "Look at the disk and at the system's log (dmesg)."],
  EBUSY: [
    "something else is using it, or it is a mount point",
    "If it stays so, find out what has it (fuser, findmnt) and end that.",
    "passes",
  ],
  ETXTBSY: [
    "it is just being written, as by an installation",
    "If it stays so, find out what writes it (fuser).",
    "passes",
  ],
  ENOEXEC: ["it is no program for this system", "Install it again on this machine."],
  E2BIG: ["its arguments and its environment are larger than the system takes", "Make the environment smaller."],
  EADDRINUSE: ["another program has that address", "Stop that program, or use another port."],
  EADDRNOTAVAIL: ["this machine has no such address", "Use an address of this machine: ip addr lists them."],
  EAFNOSUPPORT: [
    "this machine does not speak that kind of address",
    "Use an address of the other kind, such as 127.0.0.1.",
  ],
  ECONNREFUSED: ["nobody listens there", "Start the program that should.", "passes"],
  ECONNRESET: ["the other side hung up", "If it stays so, look at its log.", "passes"],
  ECONNABORTED: ["the connection was given up", "If it stays so, look at the network.", "passes"],
  EPIPE: ["the other side hung up", "If it stays so, look at its log.", "passes"],
  ETIMEDOUT: ["nobody answered in time", "If it stays so, look at the network between.", "passes"],
  EHOSTUNREACH: ["no way leads to that machine", "Look at the network and at the address."],
  ENETUNREACH: ["no way leads to that network", "Look at the network and at the address."],
  ENETDOWN: ["the network is down", "Bring it up: ip link shows it."],
  ENOTFOUND: ["no machine of that name is known", "Correct the name, or write the address."],
  EAI_AGAIN: ["the name could not be looked up", "If it stays so, look at the DNS of this machine.", "passes"],
};

/** Codes that mean what another one means. */
const SAME: Readonly<Record<string, string>> = {
  EOPNOTSUPP: "ENOTSUP",
  EWOULDBLOCK: "EAGAIN",
  EHOSTDOWN: "EHOSTUNREACH",
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
  listen: "cannot be listened on",
  bind: "cannot be listened on",
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
 * The refusal as sentences: `/x cannot be written: the disk is full (ENOSPC). Free space on it.` What the system did not
 * say, or said in its own words, is given: `about` and `denied`; a `remedy` is put after the table's.
 */
export function systemSentences(
  refusal: SystemRefusal,
  given: { readonly about?: string; readonly denied?: string; readonly remedy?: string } = {},
): string {
  const about = given.about ?? refusal.about ?? "The system";
  const denied = given.denied ?? refusal.denied;
  const remedy = given.remedy === undefined ? refusal.remedy : `${refusal.remedy} ${given.remedy}`;
  return `${about} ${denied}: ${refusal.cause} (${refusal.code}). ${remedy}`;
}

function refusalIn(error: Error): SystemRefusal | undefined {
  const said = codeOf(error);
  if (said === undefined) return undefined;
  const code = SAME[said] ?? SAME[said.split("_").slice(0, 2).join("_")] ?? said;
  const row = table[code];
  const syscall = textOf(error, "syscall")?.split(" ")[0] ?? "";
  if (syscall === "uv_cwd") {
    return {
      ...{ code, about: "The working directory", denied: "cannot be found", passes: false },
      cause: "it was removed while this program or the shell above it stood in it",
      remedy: "Change into a directory that exists, and start it again.",
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
    about: aboutOf(error),
    denied: DENIED[syscall] ?? (syscall.startsWith("spawn") ? "cannot be started" : "refused"),
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

function aboutOf(error: Error): string | undefined {
  const path = textOf(error, "path") ?? textOf(error, "hostname");
  const dest = textOf(error, "dest");
  if (dest !== undefined) return dest;
  if (path !== undefined) return path;
  const address = textOf(error, "address");
  const port: unknown = Reflect.get(error, "port");
  return address === undefined ? undefined : typeof port === "number" ? `${address}:${port}` : address;
}

/** `EFOO: it is so, open '/x'` → `it is so`. */
function sentenceOf({ message }: Error): string {
  return /^E[A-Z0-9]+: ([^,]+)/.exec(message)?.[1] ?? message;
}

function textOf(value: object, name: string): string | undefined {
  const text: unknown = Reflect.get(value, name);
  return typeof text === "string" && text !== "" ? text : undefined;
}
