/** Ends a program, or fills its disk, at the Nth step it makes in a folder: the list of steps is the system's own. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tempDir } from "./temp-dir.ts";

/**
 * Stands before libc. Counts what changes a folder (opening to make, writing, truncating, flushing, renaming, linking,
 * removing) while the file CRASH_WHILE is there, or always without that name; at the step CRASH_AT it kills the process,
 * before the step or in the midst of a write, or refuses that step and all that take room from then on.
 */
const SHIM = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#define REAL(type, name) ((type)dlsym(RTLD_NEXT, name))
static int steps;
enum { GO = 0, HALF = 1, FULL = 2 };
static int under(const char *path) {
  const char *folder = getenv("CRASH_UNDER");
  return folder && path && strncmp(path, folder, strlen(folder)) == 0;
}
static int step(const char *what, const char *path, int takes_room) {
  if (!under(path)) return GO;
  const char *during = getenv("CRASH_WHILE");
  if (during && access(during, F_OK) != 0) return GO;
  int n = __sync_add_and_fetch(&steps, 1);
  const char *log = getenv("CRASH_LOG");
  if (log) {
    char line[5000];
    int length = snprintf(line, sizeof line, "%d %s %s\\n", n, what, path + strlen(getenv("CRASH_UNDER")));
    int fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd >= 0) { syscall(SYS_write, fd, line, length); syscall(SYS_close, fd); }
  }
  const char *at = getenv("CRASH_AT"), *how = getenv("CRASH_HOW");
  int point = at ? atoi(at) : 0;
  if (point == 0 || n < point) return GO;
  if (how && strcmp(how, "full") == 0) return takes_room ? FULL : GO;
  if (n > point) return GO;
  if (how && strcmp(how, "half") == 0 && takes_room == 2) return HALF;
  kill(getpid(), SIGKILL);
  for (;;) pause();
}
static const char *path_of(int fd, char *path, size_t size) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, size - 1);
  if (n < 0) return NULL;
  path[n] = 0;
  return path;
}
static int step_of(const char *what, int fd, int takes_room) {
  char path[4096];
  return step(what, path_of(fd, path, sizeof path), takes_room);
}
static void end(void) { kill(getpid(), SIGKILL); for (;;) pause(); }
#define OPENS(name) \\
int name(const char *path, int flags, ...) { \\
  mode_t mode = 0; va_list rest; va_start(rest, flags); \\
  if (flags & O_CREAT) mode = va_arg(rest, mode_t); \\
  va_end(rest); \\
  int makes = (flags & O_TRUNC) || ((flags & O_CREAT) && access(path, F_OK) != 0); \\
  if (makes && step("make", path, 1) == FULL) { errno = ENOSPC; return -1; } \\
  return REAL(int (*)(const char *, int, ...), #name)(path, flags, mode); \\
}
OPENS(open)
OPENS(open64)
ssize_t write(int fd, const void *bytes, size_t count) {
  int now = step_of("write", fd, 2);
  if (now == FULL) { errno = ENOSPC; return -1; }
  ssize_t done = REAL(ssize_t (*)(int, const void *, size_t), "write")(fd, bytes, now == HALF ? count / 2 : count);
  if (now == HALF) end();
  return done;
}
#define WRITES_AT(name) \\
ssize_t name(int fd, const void *bytes, size_t count, off_t at) { \\
  int now = step_of("write", fd, 2); \\
  if (now == FULL) { errno = ENOSPC; return -1; } \\
  ssize_t done = REAL(ssize_t (*)(int, const void *, size_t, off_t), #name)(fd, bytes, now == HALF ? count / 2 : count, at); \\
  if (now == HALF) end(); \\
  return done; \\
}
WRITES_AT(pwrite)
WRITES_AT(pwrite64)
#define LENGTHS(name) \\
int name(int fd, off_t length) { \\
  step_of("truncate", fd, 0); \\
  return REAL(int (*)(int, off_t), #name)(fd, length); \\
}
LENGTHS(ftruncate)
LENGTHS(ftruncate64)
#define FLUSHES(name) int name(int fd) { step_of("flush", fd, 0); return REAL(int (*)(int), #name)(fd); }
FLUSHES(fsync)
FLUSHES(fdatasync)
int rename(const char *from, const char *to) {
  step("rename", to, 0);
  return REAL(int (*)(const char *, const char *), "rename")(from, to);
}
int link(const char *from, const char *to) {
  if (step("link", to, 1) == FULL) { errno = ENOSPC; return -1; }
  return REAL(int (*)(const char *, const char *), "link")(from, to);
}
int unlink(const char *path) { step("remove", path, 0); return REAL(int (*)(const char *), "unlink")(path); }
int mkdir(const char *path, mode_t mode) {
  if (step("folder", path, 1) == FULL) { errno = ENOSPC; return -1; }
  return REAL(int (*)(const char *, mode_t), "mkdir")(path, mode);
}
`;

/** What happens at a step: killed before it, killed in the midst of a write, or no room from there on. */
export type CrashHow = "kill" | "half" | "full";

/** A shim that is built. */
export interface CrashPoints extends Disposable {
  /** The environment of a program that is to meet `how` at step `at` in `under`; 0 counts only. */
  env(under: string, at: number, how: CrashHow): Record<string, string>;
  /** The file whose presence says that steps count. */
  readonly trigger: string;
  /** The steps of the last program, each as number, kind and file. */
  steps(): string[];
}

/** Why programs cannot be ended at a step here; undefined when they can. */
export function whyNoCrashPoints(): string | undefined {
  if (process.platform !== "linux") return "needs Linux";
  return spawnSync("cc", ["--version"]).status === 0 ? undefined : "needs a C compiler (cc)";
}

/** Builds the shim. */
export function openCrashPoints(): CrashPoints {
  const tools = tempDir();
  const [source, shim, log, trigger] = ["shim.c", "shim.so", "steps", "trigger"].map((name) => join(tools.path, name));
  if (!source || !shim || !log || !trigger) throw new Error("no paths");
  writeFileSync(source, SHIM);
  const built = spawnSync("cc", ["-shared", "-fPIC", "-O1", "-w", "-o", shim, source, "-ldl"]);
  if (built.status !== 0) throw new Error(`cc: ${built.stderr}`);
  return {
    trigger,
    env(under, at, how) {
      writeFileSync(log, "");
      return {
        LD_PRELOAD: shim,
        CRASH_UNDER: `${under}/`,
        CRASH_AT: String(at),
        CRASH_HOW: how,
        CRASH_LOG: log,
        CRASH_WHILE: trigger,
      };
    },
    steps: () => (existsSync(log) ? readFileSync(log, "utf8").split("\n").filter(Boolean) : []),
    [Symbol.dispose]: () => tools[Symbol.dispose](),
  };
}
