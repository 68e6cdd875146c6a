/** Changes in a JSON text that leave every other byte as it was; a removal is the inverse of the insertion. */
import { isDeepStrictEqual } from "node:util";
import type { JsonContainer, JsonNode, Span } from "./json-scan.ts";
import {
  childrenOf,
  isContainer,
  type Json,
  type JsonPath,
  type JsonText,
  marksOf,
  nodeAt,
  parseJson,
  placeAt,
  valueAt,
} from "./json-text.ts";
import { inlineJson, layoutOf, multilineJson } from "./layout.ts";
import { ConfigRefusal } from "./refusal.ts";

/** Sets a value; missing objects on the way are made. @throws ConfigRefusal when something else is in the way */
export function setAt(json: JsonText, path: JsonPath, value: Json): JsonText {
  let node = json.root;
  for (const [depth, key] of path.entries()) {
    if (!isContainer(node) || (node.type === "Array") !== (typeof key === "number"))
      throw inTheWay(json, node, path, depth);
    const child = childrenOf(json, node).findLast((one) => one.key === key);
    if (child === undefined) {
      const rest = path.slice(depth + 1).reduceRight<Json>((inner, name) => ({ [name]: inner }), value);
      return insert(json, node, rest, String(key));
    }
    node = child.value;
  }
  return isDeepStrictEqual(valueAt(json, path), value) ? json : replace(json, node, value);
}

/** Adds an element to the end of a list; a missing list is made. @throws ConfigRefusal when it is no list */
export function appendAt(json: JsonText, path: JsonPath, value: Json): JsonText {
  const node = nodeAt(json, path);
  if (node === undefined) return setAt(json, path, [value]);
  if (node.type !== "Array") throw inTheWay(json, node, path, path.length);
  return insert(json, node, value);
}

/** Takes a member or an element out, with the blanks before it and the comma that it needs no more. */
export function removeAt(json: JsonText, path: JsonPath): JsonText {
  const parent = nodeAt(json, path.slice(0, -1));
  if (parent === undefined || !isContainer(parent)) return json;
  const child = childrenOf(json, parent).findLast(({ key }) => key === path.at(-1));
  if (child === undefined) return json;
  const { text } = json;
  const marks = marksOf(json, parent);
  const before = marks.findLast(({ type, end }) => end <= child.span.start && type === "Comma");
  const after = marks.find(({ type, start }) => start >= child.span.end && type === "Comma");
  const nearest = marks.findLast(({ end }) => end <= child.span.start);
  const comma = after ?? before;
  const rest = text.slice(after?.end ?? child.span.end);
  // What follows on the line must not become part of the comment in the line above.
  const swallowed = nearest?.type === "LineComment" && !/^[ \t]*(\r?\n|$)/.test(rest);
  const start = child.span.start - blanksBefore(text, child.span.start);
  return edited(json, [
    { start, end: child.span.end, text: swallowed ? layoutOf(json).eol : "" },
    ...(comma === undefined ? [] : [{ ...comma, text: "" }]),
  ]);
}

/** What stands between the brackets of an object or list without members; undefined when it has some. */
export function interiorAt(
  json: JsonText,
  path: JsonPath,
): { readonly text: string; readonly comments: string } | undefined {
  const node = nodeAt(json, path);
  if (node === undefined || !isContainer(node) || childrenOf(json, node).length > 0) return undefined;
  const { start, end } = node;
  const comments = marksOf(json, node).filter(({ type }) => isComment(type));
  return {
    text: json.text.slice(start + 1, end - 1),
    comments: comments.map((token) => json.text.slice(token.start, token.end)).join("\n"),
  };
}

/** Puts a text between the brackets of an object or list without members. */
export function setInteriorAt(json: JsonText, path: JsonPath, interior: string): JsonText {
  const node = nodeAt(json, path);
  if (node === undefined || interiorAt(json, path) === undefined) return json;
  const { start, end } = node;
  return edited(json, [{ start: start + 1, end: end - 1, text: interior }]);
}

function insert(json: JsonText, parent: JsonContainer, value: Json, name?: string): JsonText {
  const { text } = json;
  const layout = layoutOf(json);
  const { start, end } = parent;
  const inside = marksOf(json, parent);
  const last = childrenOf(json, parent).at(-1);
  const label = (blank: string) => (name === undefined ? "" : `${JSON.stringify(name)}:${blank}`);
  const lines = (indent: string) => label(" ") + multilineJson(value, indent, layout);
  const inline = label(layout.blank) + inlineJson(value, layout.blank);
  const outer = layout.indentAt(start);

  if (last === undefined) {
    const comment = inside.findLast(({ type }) => isComment(type));
    if (comment === undefined) {
      const piece = layout.oneLine
        ? inline
        : layout.eol + outer + layout.unit + lines(outer + layout.unit) + layout.eol + outer;
      return edited(json, [{ start: start + 1, end: end - 1, text: piece }]);
    }
    const closing = text.slice(comment.end, end - 1).includes("\n") ? "" : layout.eol + outer;
    const piece = layout.eol + outer + layout.unit + lines(outer + layout.unit) + closing;
    return edited(json, [{ start: comment.end, end: comment.end, text: piece }]);
  }

  const comma = inside.find((token) => token.start >= last.span.end && token.type === "Comma");
  let anchor = comma?.end ?? last.span.end;
  let behindLineComment = false;
  // A comment on the line of the last member stays with it.
  for (const token of inside.filter(({ start, type }) => start >= anchor && isComment(type))) {
    if (text.slice(anchor, token.start).includes("\n")) break;
    anchor = token.end;
    behindLineComment = token.type === "LineComment";
  }
  const ownLine = layout.beginsLine(last.span.start);
  const indent = ownLine ? layout.indentAt(last.span.start) : outer + layout.unit;
  const piece = ownLine || behindLineComment ? layout.eol + indent + lines(indent) : layout.blank + inline;
  return edited(json, [
    ...(comma === undefined ? [{ start: last.span.end, end: last.span.end, text: "," }] : []),
    { start: anchor, end: anchor, text: comma === undefined ? piece : `${piece},` },
  ]);
}

function replace(json: JsonText, node: JsonNode, value: Json): JsonText {
  const layout = layoutOf(json);
  const { start, end } = node;
  const old = json.text.slice(start, end);
  const asLines = old.includes("\n") || (!isContainer(node) && layout.beginsLine(start));
  return edited(json, [
    {
      start,
      end,
      text: asLines ? multilineJson(value, layout.indentAt(start), layout) : inlineJson(value, layout.blank),
    },
  ]);
}

/** Applies changes that do not overlap; of two at one place the first comes first. */
function edited(json: JsonText, changes: readonly (Span & { readonly text: string })[]): JsonText {
  const inOrder = changes.map((change, index) => ({ ...change, index }));
  inOrder.sort((one, other) => other.start - one.start || other.index - one.index);
  const text = inOrder.reduce(
    (all, { start, end, text: piece }) => all.slice(0, start) + piece + all.slice(end),
    json.text,
  );
  try {
    return parseJson(text, json.syntax);
  } catch (error) {
    throw new ConfigRefusal("it is laid out in a way that cannot be changed safely. Change it by hand", {
      cause: error,
    });
  }
}

function inTheWay({ text }: JsonText, node: JsonNode, path: JsonPath, depth: number): ConfigRefusal {
  const name = path.slice(0, depth).join(".") || "the whole";
  const wanted = typeof path[depth] === "string" ? "an object" : "a list";
  return new ConfigRefusal(`${name} is not ${wanted} (${placeAt(text, node.start)}). Change it, then run this again`);
}

function isComment(type: string): boolean {
  return type === "LineComment" || type === "BlockComment";
}

function blanksBefore(text: string, offset: number): number {
  let begin = offset;
  while (begin > 0 && /\s/.test(text.charAt(begin - 1))) begin--;
  return offset - begin;
}
