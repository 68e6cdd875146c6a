/** Notices at once that the reader of a pipe on stdout has gone away; without it that shows at the next line alone. */
import { spawn } from "node:child_process";
import { fstatSync } from "node:fs";

/**
 * Calls `gone` when the reader of stdout goes away; stops watching when disposed. Node cannot ask for that: `tail` of GNU,
 * which shares the pipe and writes nothing, is ended by the system with SIGPIPE then. Where there is no such `tail`, as on
 * macOS, nothing is noticed before the next line.
 */
export function watchReader(gone: () => void): Disposable {
  if (!isPipe()) return { [Symbol.dispose]: () => {} };
  const watcher = spawn("tail", ["-f", `--pid=${process.pid}`, "/dev/null"], {
    stdio: ["ignore", process.stdout.fd, "ignore"],
  });
  // Until it has ended the pipe is open: whoever reads our output would wait for it.
  const end = () => watcher.kill("SIGKILL");
  process.once("exit", end);
  watcher.on("error", () => {});
  watcher.once("exit", (_, signal) => {
    process.off("exit", end);
    if (signal === "SIGPIPE") gone();
  });
  watcher.unref();
  return { [Symbol.dispose]: end };
}

function isPipe(): boolean {
  try {
    return process.platform !== "win32" && fstatSync(process.stdout.fd).isFIFO();
  } catch {
    return false;
  }
}
