/** JSON that a program sends, as a text: the one that it has for people, or all of it. */
import { at } from "./words.ts";

/** A text that stands where texts do; else all of it. */
export function textOf(body: unknown): string {
  for (const field of ["text", "message", "body"]) {
    const text = at(body, field);
    if (typeof text === "string" && text.trim() !== "") return text;
  }
  return typeof body === "string" && body !== "" ? body : JSON.stringify(body, undefined, 2);
}
