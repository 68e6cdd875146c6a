/** Lines out of a stream of bytes, bounded: of a line that is too long only the id of its request is kept. */
import { TopLevelId } from "./top-level-id.ts";

/** Most bytes of a line. A message of 64 KiB, every byte of it escaped, has a twentieth of them. */
export const MAX_LINE_BYTES = 10 * 1024 * 1024;

/** A line without its end; or one that was too long, with its length in bytes and the id that was found in it. */
export type Line =
  | { readonly kind: "line"; readonly text: string }
  | { readonly kind: "too-long"; readonly bytes: number; readonly id: string | number | undefined };

const LINE_FEED = 0x0a;

/** Takes chunks, gives lines. */
export class LineReader {
  #chunks: Buffer[] = [];
  #bytes = 0;
  #skipped: TopLevelId | undefined;

  /** The lines that end in this chunk. */
  *read(chunk: Buffer): Generator<Line> {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      this.#take(chunk.subarray(start, end));
      yield this.#line();
      start = end + 1;
    }
    this.#take(chunk.subarray(start));
  }

  #take(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#skipped) {
      this.#skipped.read(part);
      return;
    }
    this.#chunks.push(part);
    if (this.#bytes <= MAX_LINE_BYTES) return;
    this.#skipped = new TopLevelId();
    for (const kept of this.#chunks) this.#skipped.read(kept);
    this.#chunks = [];
  }

  #line(): Line {
    const line: Line = this.#skipped
      ? { kind: "too-long", bytes: this.#bytes, id: this.#skipped.id }
      : { kind: "line", text: Buffer.concat(this.#chunks).toString("utf8").replace(/\r$/, "") };
    this.#chunks = [];
    this.#bytes = 0;
    this.#skipped = undefined;
    return line;
  }
}
