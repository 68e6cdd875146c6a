/** A JSON, JSONC or JSON5 text with the place of everything in it; what it holds is looked up when it is asked for. */

import type { JsonSyntax } from "./json-scalar.ts";
import { nameValue, scalarValue } from "./json-scalar.ts";
import { type JsonContainer, JsonFault, type JsonMark, type JsonNode, JsonScan, type Span } from "./json-scan.ts";
import { ConfigRefusal } from "./refusal.ts";

/** Something that JSON can say. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** From the root to a value: names of members, numbers of elements. */
export type JsonPath = readonly (string | number)[];

/** A text that was gone over once and holds together. */
export interface JsonText {
  readonly text: string;
  readonly syntax: JsonSyntax;
  readonly root: JsonNode;
}

/** A member of an object or an element of a list. */
export interface JsonChild {
  readonly key: string | number;
  readonly value: JsonNode;
  readonly span: Span;
  /** Behind the colon of a member. */
  readonly colonEnd?: number;
}

/** Checks a text; a byte order mark is taken for a blank. @throws ConfigRefusal with line and column */
export function parseJson(text: string, syntax: JsonSyntax): JsonText {
  try {
    return { text, syntax, root: new JsonScan(text, syntax).whole() };
  } catch (error) {
    if (error instanceof RangeError) throw new ConfigRefusal("it is nested too deeply to be changed safely");
    if (!(error instanceof JsonFault)) throw error;
    const where = placeAt(text, error.offset);
    throw new ConfigRefusal(`it cannot be parsed: ${error.message} (${where}). Mend it, then run this again`);
  }
}

/** Members of an object or elements of a list, in order; of members with one name the last counts. */
export function childrenOf(json: JsonText, node: JsonContainer): readonly JsonChild[] {
  const known = looked.get(node) ?? scannedChildren(json, node);
  looked.set(node, known);
  return known;
}

/** What was looked up is looked up again at once, and goes with its text. */
const looked = new WeakMap<JsonContainer, readonly JsonChild[]>();

function scannedChildren({ text, syntax }: JsonText, node: JsonContainer): JsonChild[] {
  const children: JsonChild[] = [];
  const scan = new JsonScan(text, syntax, {
    child({ name, value, start, end, colonEnd }) {
      const key = name === undefined ? children.length : nameValue(text.slice(name.start, name.end));
      children.push({ key, value, span: { start, end }, ...(colonEnd !== undefined && { colonEnd }) });
    },
  });
  scan.container(node.start);
  return children;
}

/** Commas and comments between the members or elements, in order. */
export function marksOf({ text, syntax }: JsonText, node: JsonContainer): JsonMark[] {
  const marks: JsonMark[] = [];
  new JsonScan(text, syntax, { mark: (mark) => marks.push(mark) }).container(node.start);
  return marks;
}

/** Whether there is a comment anywhere. */
export function hasComment({ text, syntax }: JsonText): boolean {
  let found = false;
  const comment = () => {
    found = true;
  };
  new JsonScan(text, syntax, { comment }).whole();
  return found;
}

/** The value at a path, if it is there. */
export function nodeAt(json: JsonText, path: JsonPath): JsonNode | undefined {
  let node: JsonNode | undefined = json.root;
  for (const key of path) {
    if (node === undefined || !isContainer(node)) return undefined;
    node = childrenOf(json, node).findLast((child) => child.key === key)?.value;
  }
  return node;
}

/** The value at a path as JavaScript has it; undefined when it is not there. */
export function valueAt(json: JsonText, path: JsonPath): unknown {
  const node = nodeAt(json, path);
  return node === undefined ? undefined : valueOfNode(json, node);
}

/** A value as JavaScript has it. */
export function valueOfNode(json: JsonText, node: JsonNode): unknown {
  if (!isContainer(node)) return scalarValue(json.text.slice(node.start, node.end));
  const children = scannedChildren(json, node);
  if (node.type === "Array") return children.map(({ value }) => valueOfNode(json, value));
  return Object.fromEntries(children.map(({ key, value }) => [key, valueOfNode(json, value)]));
}

/** Whether a node can hold others. */
export function isContainer(node: JsonNode): node is JsonContainer {
  return node.type !== "Scalar";
}

/** Whether a value is an object, and no list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Line and column of an offset, as editors count. */
export function placeAt(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const lineStart = Math.max(before.lastIndexOf("\n"), before.lastIndexOf("\r")) + 1;
  return `line ${before.split(/\r\n|\n|\r/).length}, column ${offset - lineStart + 1}`;
}
