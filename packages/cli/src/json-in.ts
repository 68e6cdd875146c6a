/** JSON that others wrote, or that may not be there: the value, where it is one. */
import { readFileSync } from "node:fs";

/** The value in a text; undefined when it is no JSON. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The value in a file; undefined when that is not there, cannot be read, or is no JSON. */
export function jsonInFile(path: string): unknown {
  try {
    return jsonIn(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
