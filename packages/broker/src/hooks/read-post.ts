/** Reads a post of a hook: proven first, then its JSON, then the text of it and the sender's own name for it. */
import { createHash } from "node:crypto";
import { WEBHOOK_ID_HEADER } from "@agentmesh/protocol";
import { isTooDeep, MOST_LEVELS } from "../json-levels.ts";
import { MeshError } from "../mesh/errors.ts";
import type { Post, PostTerms, ProvenPost } from "../mesh/hook/post.ts";
import { githubText } from "./github.ts";
import { gitlabText } from "./gitlab.ts";
import { isProven } from "./proof.ts";
import { textOf } from "./text-of.ts";
import { word } from "./words.ts";

/** Reads it; undefined when its secret does not prove it. @throws MeshError post_not_readable */
export function readPost(post: Post, terms: PostTerms): ProvenPost | undefined {
  if (!isProven(post, terms)) return undefined;
  const { text, key } = made(post, terms.kind);
  if (text === undefined) return { kind: "nothing", why: "GitHub tries whether the hook answers: no message" };
  return { kind: "text", text: text.toWellFormed().replaceAll("\0", "\ufffd"), key: key && keyOf(key) };
}

function made(
  post: Post,
  kind: PostTerms["kind"],
): { readonly text: string | undefined; readonly key: string | undefined } {
  const body = json(post.bytes);
  if (kind === "github") {
    const event = post.header("x-github-event");
    if (event === undefined) {
      throw notReadable(
        "It has no X-GitHub-Event header, which GitHub sends. For posts of other programs make a hook of kind json.",
      );
    }
    return { text: githubText(word({ event }, "event") ?? "event", body), key: post.header("x-github-delivery") };
  }
  if (kind === "gitlab") {
    const event = word({ event: post.header("x-gitlab-event") }, "event");
    return { text: gitlabText(event, body), key: gitlabKey(post) };
  }
  return { text: textOf(body), key: post.header("idempotency-key") ?? post.header(WEBHOOK_ID_HEADER) };
}

/** Events that another one has set off share their UUID with it: where that is all there is, the body tells them apart. */
function gitlabKey(post: Post): string | undefined {
  const own = post.header("idempotency-key") ?? post.header(WEBHOOK_ID_HEADER);
  if (own !== undefined) return own;
  const uuid = post.header("x-gitlab-event-uuid");
  return uuid && `${uuid}.${createHash("sha256").update(post.bytes).digest("base64url")}`;
}

function json(bytes: Uint8Array): unknown {
  const value = parsed(bytes);
  if (isTooDeep(value)) throw notReadable(`Its JSON is nested deeper than ${MOST_LEVELS} levels.`);
  return value;
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw notReadable("Its body is no JSON in UTF-8. Have it posted as application/json.");
  }
}

function notReadable(why: string): MeshError {
  return new MeshError("post_not_readable", `${why} Nothing was stored.`);
}

function keyOf(given: string): string {
  return /^[\x21-\x7e]{1,128}$/.test(given) ? given : createHash("sha256").update(given).digest("base64url");
}
