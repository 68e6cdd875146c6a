/** What the head of a request says of its body and its query, as far as that is usual. */
import type { IncomingMessage } from "node:http";
import { MAX_REQUEST_BYTES } from "@agentmesh/protocol";

/** Whether it has a body of a length that is told, and that is not too much. */
export function hasUsualBody({ headers }: IncomingMessage): boolean {
  const length = headers["content-length"];
  if (length === undefined || headers["transfer-encoding"] !== undefined) return false;
  return /^[1-9]\d{0,9}$/.test(length) && Number(length) <= MAX_REQUEST_BYTES;
}

/** Whether it says anything of a body. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined;
}

/** Pairs that need no decoding, each name once; undefined for any other query. */
export function queryOf(text: string): Readonly<Record<string, string>> | undefined {
  if (text === "") return {};
  if (!/^[\w.-]+=[\w.-]*(&[\w.-]+=[\w.-]*)*$/.test(text)) return undefined;
  const pairs = text.split("&").map((pair) => pair.split("="));
  const query = Object.fromEntries(pairs);
  return Object.keys(query).length === pairs.length ? query : undefined;
}
