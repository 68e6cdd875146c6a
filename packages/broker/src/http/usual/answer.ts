/** An answer to a usual request: one write, with what every answer of the broker says in its head. */
import type { ServerResponse } from "node:http";
import { PROBLEM_MEDIA_TYPE, PROTOCOL_HEADER, PROTOCOL_VERSION } from "@agentmesh/protocol";

/** What stands in the head of every answer; one that may be kept says so instead of the last. */
export const HEADERS = {
  [PROTOCOL_HEADER]: PROTOCOL_VERSION,
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
} as const;

/** An answer. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly retryAfterS?: number | undefined;
}

/** The media types of what a handler answers, and of a problem. */
export const JSON_TYPE = "application/json; charset=utf-8";
export const PROBLEM_TYPE = `${PROBLEM_MEDIA_TYPE}; charset=utf-8`;

const COMMON = Object.entries(HEADERS).flatMap(([name, value]) => [name, String(value)]);

/** Writes it; the last one of a connection says that this ends. */
export function writeAnswer(response: ServerResponse, answer: Answer, bytes: number, isLast: boolean): void {
  const { status, type, text, retryAfterS } = answer;
  const head = [...COMMON, "content-type", type, "content-length", String(bytes)];
  if (retryAfterS !== undefined) head.push("retry-after", String(retryAfterS));
  if (isLast) head.push("connection", "close");
  response.writeHead(status, head).end(text);
}
