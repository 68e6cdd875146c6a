/** The hash of a body, kept beside it: what an engine gives back of a row is compared with what was accepted. */
import { hash } from "node:crypto";
import { plainLine } from "@agentmesh/protocol";

/** What stands in the place of a body that is not what was accepted. */
export const DAMAGED_TEXT = "(The text of this message is damaged on the broker's disk. It is not shown.)";

/** SHA-256 of a body in UTF-8, as hex. */
export function bodyHash(body: string): string {
  return hash("sha256", body, "hex");
}

/** Whether a body is what was accepted. */
export function isIntact(row: { readonly body: string; readonly body_hash: string }): boolean {
  return bodyHash(row.body) === row.body_hash;
}

/** The first characters of a body, on one line. */
export function previewOf(row: { readonly body: string; readonly body_hash: string }): string {
  return plainLine(isIntact(row) ? copyOf(row.body.slice(0, 400)) : DAMAGED_TEXT, 120);
}

/** A part of a text by itself: as it was cut, it holds the whole text in memory for as long as a page is made. */
function copyOf(part: string): string {
  return Buffer.from(part, "utf16le").toString("utf16le");
}
