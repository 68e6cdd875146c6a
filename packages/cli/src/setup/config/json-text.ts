/** A JSON, JSONC or JSON5 text with the place of everything in it. */
import { evaluate, parse } from "@humanwhocodes/momoa";
import { ConfigRefusal } from "./refusal.ts";

/** What may be written: JSON with comments and trailing commas, or JSON5. */
export type JsonSyntax = "jsonc" | "json5";

/** Something that JSON can say. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** From the root to a value: names of members, numbers of elements. */
export type JsonPath = readonly (string | number)[];

type Tree = ReturnType<typeof parse>;

/** A value where it stands. */
export type JsonNode = Tree["body"];

/** An object or a list where it stands. */
export type JsonContainer = Extract<JsonNode, { type: "Object" | "Array" }>;

/** From the first character to behind the last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A bracket, a comma, a comment … where it stands. */
export interface JsonToken extends Span {
  readonly type: string;
}

/** A parsed text. */
export interface JsonText {
  readonly text: string;
  readonly syntax: JsonSyntax;
  readonly root: JsonNode;
  readonly tokens: readonly JsonToken[];
}

/** Parses a text; a byte order mark is taken for a blank. @throws ConfigRefusal with line and column */
export function parseJson(text: string, syntax: JsonSyntax): JsonText {
  try {
    const tree = parse(text.replace(/^\uFEFF/, " "), { mode: syntax, tokens: true, allowTrailingCommas: true });
    const tokens = (tree.tokens ?? []).map(({ type, loc }) => ({
      type,
      start: loc.start.offset,
      end: loc.end.offset,
    }));
    return { text, syntax, root: tree.body, tokens };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    const [, what = said, line, column] = /^(.*?)\.? \((\d+):(\d+)\)$/s.exec(said) ?? [];
    const where = line === undefined ? "" : ` (line ${line}, column ${column})`;
    throw new ConfigRefusal(`it cannot be parsed: ${what}${where}. Mend it, then run this again`);
  }
}

/** First and last offset of a node. */
export function spanOf(node: { readonly loc: JsonNode["loc"] }): Span {
  return { start: node.loc.start.offset, end: node.loc.end.offset };
}

/** Members of an object or elements of a list, in order; of members with one name the last counts. */
export function childrenOf(
  node: JsonContainer,
): { readonly key: string | number; readonly value: JsonNode; readonly span: Span }[] {
  return node.type === "Object"
    ? node.members.map((member) => ({ key: nameOf(member.name), value: member.value, span: spanOf(member) }))
    : node.elements.map((element, index) => ({ key: index, value: element.value, span: spanOf(element) }));
}

/** The value at a path, if it is there. */
export function nodeAt({ root }: Pick<JsonText, "root">, path: JsonPath): JsonNode | undefined {
  let node: JsonNode | undefined = root;
  for (const key of path) {
    if (node === undefined || !isContainer(node)) return undefined;
    node = childrenOf(node).findLast((child) => child.key === key)?.value;
  }
  return node;
}

/** The value at a path as JavaScript has it; undefined when it is not there. */
export function valueAt(json: Pick<JsonText, "root">, path: JsonPath): unknown {
  const node = nodeAt(json, path);
  return node === undefined ? undefined : evaluate(node);
}

/** Whether a node can hold others. */
export function isContainer(node: JsonNode): node is JsonContainer {
  return node.type === "Object" || node.type === "Array";
}

/** Whether a value is an object, and no list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Line and column of a node, as editors count. */
export function placeOf({ loc }: JsonNode): string {
  return `line ${loc.start.line}, column ${loc.start.column}`;
}

function nameOf(
  name: { readonly type: "String"; readonly value: string } | { readonly type: "Identifier"; readonly name: string },
): string {
  return name.type === "String" ? name.value : name.name;
}
