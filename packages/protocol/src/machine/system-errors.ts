/** What operating systems and SQLite say no with: each code with its cause in words, what to do, and whether it passes. */

/** Cause, remedy, and whether the same may succeed in a few seconds without anybody doing anything. */
export type Row = readonly [cause: string, remedy: string, passes?: "passes"];

/** By the system's code. */
export const table: Readonly<Record<string, Row>> = {
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
  EBADF: ["it is not open for that", "Give the program an input that can be read and an output that can be written."],
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

/** What SQLite says of a file; where a refusal of the system is behind it, that was looked for before. */
export const sqlite: Readonly<Record<string, Row>> = {
  SQLITE_CANTOPEN: [
    "SQLite cannot open it",
    "If it stays so, look whether it is a file on a local disk, and how many files this process may open (ulimit -n).",
    "passes",
  ],
  SQLITE_BUSY: [
    "another program has it locked",
    "If it stays so, find out what has it (fuser) and end that.",
    "passes",
  ],
  SQLITE_NOTADB: ["it holds something else than a program of agentmesh left there", "Move it away."],
};
