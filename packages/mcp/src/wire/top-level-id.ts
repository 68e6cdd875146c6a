/** Finds the id of a JSON-RPC request in a line that is too long to be kept, byte by byte. */
import * as z from "zod";

/** Most bytes of a key or of an id that are looked at. */
const MAX_TOKEN_BYTES = 256;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPENS = new Set([0x7b, 0x5b]);
const CLOSES = new Set([0x7d, 0x5d]);

const Id = z.union([z.string(), z.int()]);

/** Reads chunks of one object; `id` is what stands behind its own key "id", a string or an integer. */
export class TopLevelId {
  id: string | number | undefined;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #key = "";
  #token = "";

  read(chunk: Buffer): void {
    for (const byte of chunk) {
      if (this.#inString) this.#inText(byte);
      else this.#between(byte);
    }
  }

  #inText(byte: number): void {
    this.#keep(byte);
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) this.#inString = false;
  }

  #between(byte: number): void {
    if (byte === QUOTE) {
      this.#inString = true;
      this.#keep(byte);
    } else if (OPENS.has(byte)) {
      this.#depth += 1;
    } else if (byte === COMMA || CLOSES.has(byte)) {
      if (this.#depth === 1) this.#endOfValue();
      if (byte !== COMMA) this.#depth -= 1;
    } else if (byte === COLON && this.#depth === 1) {
      this.#key = this.#token;
      this.#token = "";
    } else {
      this.#keep(byte);
    }
  }

  #keep(byte: number): void {
    if (this.#depth === 1 && this.#token.length <= MAX_TOKEN_BYTES) this.#token += String.fromCharCode(byte);
  }

  #endOfValue(): void {
    if (this.#key.trim() === '"id"' && this.#token.length <= MAX_TOKEN_BYTES) this.id = idOf(this.#token);
    this.#key = "";
    this.#token = "";
  }
}

function idOf(token: string): string | number | undefined {
  try {
    return Id.safeParse(JSON.parse(Buffer.from(token, "latin1").toString("utf8"))).data;
  } catch {
    return undefined;
  }
}
