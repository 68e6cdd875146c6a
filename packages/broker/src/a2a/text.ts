/** The text of a message's parts. What is no text is written as JSON or as its URL; bytes are refused. */
import { A2aRefusal } from "./refusals.ts";
import type { Part } from "./shapes.ts";

/** Media types of texts, as cards name them. */
export const TEXT_MODES = ["text/plain", "application/json"] as const;

/** All parts as one text, one below the other. @throws A2aRefusal CONTENT_TYPE_NOT_SUPPORTED, INVALID_PARAMS */
export function textOfParts(parts: readonly Part[]): string {
  return parts.map(textOfPart).join("\n\n").toWellFormed().replaceAll("\0", "\ufffd");
}

/** Whether a part holds anything. */
export function hasContent({ text, data, url, raw }: Part): boolean {
  return text !== undefined || (data !== undefined && data !== null) || url !== undefined || raw !== undefined;
}

function textOfPart({ text, data, url, raw, filename }: Part): string {
  if (text !== undefined) return text;
  if (data !== undefined && data !== null) return JSON.stringify(data, undefined, 2);
  if (url !== undefined) return filename === undefined ? url : `${filename}: ${url}`;
  if (raw === undefined) throw new A2aRefusal("INVALID_PARAMS", "A part has neither text, data nor url.");
  throw new A2aRefusal(
    "CONTENT_TYPE_NOT_SUPPORTED",
    "A part is a file in bytes. Messages here are text: put it where the agent can read it, and send its URL or path. Nothing was stored.",
  );
}
