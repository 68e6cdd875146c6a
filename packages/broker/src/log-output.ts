/** Where log lines go. The broker outlives its readers: a line that is not taken is dropped and counted, never waited for. */
import { fstatSync, writeSync } from "node:fs";
import { type OwnLog, PutAside } from "./log-aside.ts";

/** Takes lines. */
export interface LogOutput {
  write(line: string): void;
  /** Resolves when what was written is out of this process, or after `ms`. */
  drained(ms: number): Promise<void>;
}

/** Unwritten bytes at which lines are dropped. */
const MOST_BYTES = 1_048_576;
const STDOUT = 1;
const STDERR = 2;

/** Standard output: a pipe whose reader is slow, stuck or gone, a closed terminal, or a file on a full disk. */
export function standardOutput(own: OwnLog): LogOutput {
  const kind = fstatSync(STDOUT);
  return kind.isFIFO() || kind.isSocket() || process.stdout.isTTY
    ? streamOutput()
    : fileOutput(new PutAside(own, STDOUT));
}

/** Whether what is written for a person lands in the file that the log goes to, where the log's own line has said it already. */
export function isErrorOutputInLog(): boolean {
  const [log, errors] = [fstatSync(STDOUT), fstatSync(STDERR)];
  return log.isFile() && log.dev === errors.dev && log.ino === errors.ino;
}

/** Node does not wait for pipes here; what is not taken stays in memory up to a limit. */
function streamOutput(): LogOutput {
  const { stdout } = process;
  let gone = false;
  let dropped = 0;
  stdout.on("error", () => {
    gone = true;
  });
  return {
    write(line) {
      if (gone) return;
      if (stdout.writableLength + line.length > MOST_BYTES) {
        dropped++;
        return;
      }
      if (dropped > 0) stdout.write(droppedLine(dropped));
      dropped = 0;
      stdout.write(line);
    },
    async drained(ms) {
      const until = performance.now() + ms;
      while (!gone && stdout.writableLength > 0 && performance.now() < until) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
  };
}

/** Each line is tried anew, so that the log goes on when the disk has room again. */
function fileOutput(aside: PutAside): LogOutput {
  let dropped = 0;
  const put = (text: string) => {
    const bytes = Buffer.from(text);
    for (let done = 0; done < bytes.length; ) done += writeSync(STDOUT, bytes, done);
    aside.wrote(bytes.length);
  };
  return {
    write(line) {
      try {
        // The last line that failed may have got out in part.
        if (dropped > 0) put(`\n${droppedLine(dropped)}`);
        dropped = 0;
        put(line);
      } catch {
        dropped++;
      }
    },
    drained: () => Promise.resolve(),
  };
}

function droppedLine(lines: number): string {
  return `${JSON.stringify({ level: 40, time: Date.now(), lines, msg: "log.dropped" })}\n`;
}
