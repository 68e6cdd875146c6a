/** Whether the secret of a hook proves a post; compared in the same time whatever is wrong with it. */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import {
  WEBHOOK_ID_HEADER,
  WEBHOOK_SIGNATURE_HEADER,
  WEBHOOK_TIMESTAMP_HEADER,
  WEBHOOK_TOLERANCE_MS,
  webhookKey,
} from "@agentmesh/protocol";
import type { Post, PostTerms } from "../mesh/hook/post.ts";

/** Most signatures of one post that are looked at. */
const MOST_SIGNATURES = 8;

/** Whether it does. */
export function isProven(post: Post, terms: PostTerms): boolean {
  switch (terms.kind) {
    case "github":
      return isSame(post.header("x-hub-signature-256"), `sha256=${hmac(terms.secret, post.bytes).toString("hex")}`);
    case "gitlab":
      return isSigned(post, terms) || isSame(post.header("x-gitlab-token"), terms.secret);
    case "json":
      if (post.secret !== undefined) return terms.secretInUrl && isSame(post.secret, terms.secret);
      return isSigned(post, terms) || isSame(post.header("authorization"), `Bearer ${terms.secret}`);
  }
}

/** Signed by Standard Webhooks, a moment ago. */
function isSigned(post: Post, { secret, now }: PostTerms): boolean {
  const [id, at, signatures] = [WEBHOOK_ID_HEADER, WEBHOOK_TIMESTAMP_HEADER, WEBHOOK_SIGNATURE_HEADER].map((name) =>
    post.header(name),
  );
  const key = webhookKey(secret);
  if (id === undefined || at === undefined || signatures === undefined || !key || !/^[0-9]{1,12}$/.test(at))
    return false;
  if (Math.abs(now - Number(at) * 1_000) > WEBHOOK_TOLERANCE_MS) return false;
  const expected = createHmac("sha256", key).update(`${id}.${at}.`).update(post.bytes).digest("base64");
  const given = signatures.split(" ").slice(0, MOST_SIGNATURES);
  return given.map((each) => isSame(each, `v1,${expected}`)).includes(true);
}

function hmac(secret: string, bytes: Uint8Array): Buffer {
  return createHmac("sha256", secret).update(bytes).digest();
}

function isSame(given: string | undefined, expected: string): boolean {
  return given !== undefined && timingSafeEqual(sha256(given), sha256(expected));
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
