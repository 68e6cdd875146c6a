/** Goes over a JSON, JSONC or JSON5 text once, checks it, and keeps nothing: a configuration may be 15 MB long. */
import { type JsonSyntax, scalarEnd } from "./json-scalar.ts";

/** From the first character to behind the last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** An object or a list where it stands. */
export interface JsonContainer extends Span {
  readonly type: "Object" | "Array";
}

/** A value where it stands. */
export type JsonNode = JsonContainer | (Span & { readonly type: "Scalar" });

/** A member or an element where it stands. */
export interface ScannedChild extends Span {
  /** The member's name as it is written; an element has none. */
  readonly name?: Span;
  /** Behind the colon of a member. */
  readonly colonEnd?: number;
  readonly value: JsonNode;
}

/** A comma or a comment where it stands. */
export interface JsonMark extends Span {
  readonly type: "Comma" | "LineComment" | "BlockComment";
}

/** What is told while an object or a list is gone over: what stands in it itself, not in what it holds. */
export interface ScanVisitor {
  child?(child: ScannedChild): void;
  mark?(mark: JsonMark): void;
  /** Every comment, however deep. */
  comment?(comment: JsonMark): void;
}

/** What is wrong with a text, and where. */
export class JsonFault extends Error {
  override readonly name = "JsonFault";
  readonly offset: number;

  constructor(what: string, offset: number) {
    super(what);
    this.offset = offset;
  }
}

/** Goes over a text. */
export class JsonScan {
  readonly #text: string;
  readonly #syntax: JsonSyntax;
  readonly #visitor: ScanVisitor;
  #at: number;
  #depth = 0;

  constructor(text: string, syntax: JsonSyntax, visitor: ScanVisitor = {}) {
    this.#text = text;
    this.#syntax = syntax;
    this.#visitor = visitor;
    this.#at = 0;
  }

  /** The whole text: one value between blanks and comments. @throws JsonFault */
  whole(): JsonNode {
    if (this.#text.charCodeAt(0) === BYTE_ORDER_MARK) this.#at = 1;
    this.#depth = 1;
    this.#blanks();
    const root = this.#value();
    this.#blanks();
    if (this.#at < this.#text.length) throw this.#unexpected();
    return root;
  }

  /** The object or list that begins at an offset; its children and marks are told. @throws JsonFault */
  container(start: number): JsonNode {
    this.#at = start;
    return this.#value();
  }

  #value(): JsonNode {
    const start = this.#at;
    const code = this.#text.charCodeAt(start);
    if (code === OPEN_OBJECT || code === OPEN_LIST) {
      const type = code === OPEN_OBJECT ? "Object" : "Array";
      this.#inside(type);
      return { type, start, end: this.#at };
    }
    this.#at = this.#scalar();
    return { type: "Scalar", start, end: this.#at };
  }

  #inside(type: "Object" | "Array"): void {
    const close = type === "Object" ? CLOSE_OBJECT : CLOSE_LIST;
    const visitor = this.#depth === 0 ? this.#visitor : undefined;
    this.#depth++;
    this.#at++;
    this.#blanks(visitor);
    while (this.#text.charCodeAt(this.#at) !== close) {
      const start = this.#at;
      if (type === "Array") {
        const value = this.#value();
        visitor?.child?.({ value, start, end: value.end });
      } else {
        const name = { start, end: this.#name() };
        this.#at = name.end;
        this.#blanks();
        if (this.#text.charCodeAt(this.#at) !== COLON) throw this.#unexpected();
        const colonEnd = ++this.#at;
        this.#blanks();
        const value = this.#value();
        visitor?.child?.({ name, colonEnd, value, start, end: value.end });
      }
      this.#blanks(visitor);
      const comma = this.#at;
      if (this.#text.charCodeAt(comma) !== COMMA) break;
      this.#at++;
      visitor?.mark?.({ type: "Comma", start: comma, end: this.#at });
      this.#blanks(visitor);
    }
    if (this.#text.charCodeAt(this.#at) !== close) throw this.#unexpected();
    this.#at++;
    this.#depth--;
  }

  #scalar(): number {
    const end = scalarEnd(this.#text, this.#at, this.#syntax, "value");
    if (end.fault) throw this.#unexpected(end.at);
    return end.at;
  }

  #name(): number {
    const end = scalarEnd(this.#text, this.#at, this.#syntax, "name");
    if (end.fault) throw this.#unexpected(end.at);
    return end.at;
  }

  /** Blanks and comments. */
  #blanks(visitor?: ScanVisitor): void {
    for (;;) {
      while (this.#isBlank(this.#text.charCodeAt(this.#at))) this.#at++;
      if (this.#text.charCodeAt(this.#at) !== SLASH) return;
      const mark = this.#comment();
      this.#at = mark.end;
      visitor?.mark?.(mark);
      this.#visitor.comment?.(mark);
    }
  }

  #comment(): JsonMark {
    const start = this.#at;
    const second = this.#text.charAt(start + 1);
    if (second === "/") {
      const lineEnd = this.#syntax === "json5" ? /[\n\r\u2028\u2029]/g : /[\n\r]/g;
      lineEnd.lastIndex = start;
      return { type: "LineComment", start, end: lineEnd.exec(this.#text)?.index ?? this.#text.length };
    }
    if (second !== "*") throw this.#unexpected(second === "" ? start + 1 : start);
    const end = this.#text.indexOf("*/", start + 2);
    if (end === -1) throw this.#unexpected(this.#text.length);
    return { type: "BlockComment", start, end: end + 2 };
  }

  #isBlank(code: number): boolean {
    if (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) return true;
    if (this.#syntax !== "json5" || Number.isNaN(code)) return false;
    return code === 0x0b || code === 0x0c || (code > 0x7f && /\s/.test(String.fromCharCode(code)));
  }

  #unexpected(offset = this.#at): JsonFault {
    const point = this.#text.codePointAt(offset);
    if (point === undefined) return new JsonFault("Unexpected end of input found", offset);
    return new JsonFault(`Unexpected character '${String.fromCodePoint(point)}' found`, offset);
  }
}

const BYTE_ORDER_MARK = 0xfeff;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const COLON = 0x3a;
const COMMA = 0x2c;
const SLASH = 0x2f;
