/** The file of the broker's log: its lines, and what an entry says. */
import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { refusedBy } from "@agentmesh/client/node";
import * as z from "zod";
import { jsonIn } from "./json-in.ts";

const CHUNK = 65_536;

/** A log that grows, and may be put aside for a new one. */
export class LogFile {
  readonly #path: string;
  #place = 0;
  #file = 0;
  #begun = "";

  constructor(path: string) {
    this.#path = path;
  }

  /** The whole lines since the last call; undefined when there is no file. */
  rest(): string[] | undefined {
    try {
      if (!statSync(this.#path, { throwIfNoEntry: false })) return undefined;
      const file = openSync(this.#path, "r");
      try {
        const { ino, size } = fstatSync(file);
        if (ino !== this.#file || size < this.#place) this.#anew(ino);
        const text = this.#begun + this.#read(file, size);
        const lines = text.split("\n");
        this.#begun = lines.pop() ?? "";
        return lines.filter((line) => line !== "");
      } finally {
        closeSync(file);
      }
    } catch (error) {
      throw refusedBy(error, `The broker's log ${this.#path}`, "cannot be read", { path: this.#path });
    }
  }

  #anew(file: number): void {
    this.#file = file;
    this.#place = 0;
    this.#begun = "";
  }

  #read(file: number, size: number): string {
    const parts: Buffer[] = [];
    while (this.#place < size) {
      const part = Buffer.alloc(Math.min(CHUNK, size - this.#place));
      const bytes = readSync(file, part, 0, part.length, this.#place);
      if (bytes === 0) break;
      parts.push(part.subarray(0, bytes));
      this.#place += bytes;
    }
    return Buffer.concat(parts).toString("utf8");
  }
}

const LogLine = z.looseObject({ time: z.number(), level: z.number(), msg: z.string() });

/** An entry of the log. */
export type LogLine = z.infer<typeof LogLine>;

/** The entry in a line; undefined for what is none, such as a crash. */
export function logLine(line: string): LogLine | undefined {
  return LogLine.safeParse(jsonIn(line)).data;
}
