/** The chunks of an HTTP/1.1 body without a length, taken apart as they come in. */

const LINE_END = Buffer.from("\r\n");

/** Gives out what is within the chunks; keeps what is not whole yet. */
export class Chunks {
  #rest: Buffer = Buffer.alloc(0);
  /** Bytes that are missing of the chunk that has begun. */
  #missing = 0;

  /** The parts of the body that came in with these bytes. */
  take(bytes: Buffer): Buffer[] {
    const parts: Buffer[] = [];
    let rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    for (;;) {
      if (this.#missing > 0) {
        if (rest.length === 0) break;
        const part = rest.subarray(0, this.#missing);
        parts.push(part);
        this.#missing -= part.length;
        rest = rest.subarray(part.length);
        continue;
      }
      // What stands before a length: the end of the line of the chunk before.
      const from = rest[0] === LINE_END[0] ? LINE_END.length : 0;
      const end = rest.indexOf(LINE_END, from);
      if (end < 0) break;
      this.#missing = Number.parseInt(rest.toString("latin1", from, end), 16);
      if (Number.isNaN(this.#missing)) throw new Error(`no length of a chunk: ${rest.toString("latin1", from, end)}`);
      rest = rest.subarray(end + LINE_END.length);
      if (this.#missing === 0) break;
    }
    this.#rest = rest;
    return parts;
  }
}
