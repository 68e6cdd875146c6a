/** Another agent's words inside a sentence of the mesh: quoted so that they cannot end the quotation. */
import { defangLine } from "./defang.ts";

// Every mark that a reader takes for the beginning or the end of a quotation in double marks.
const MARKS =
  /["\u201c-\u201f\u00ab\u00bb\uff02\u301d-\u301f\u275d\u275e\u276e\u276f\u2033\u2036\u02ba\u02ee\u05f4\u1cd3]/gu;

/** What no sentence can be hidden in: one word, path, branch, program or version. */
const WORD = /^[\p{L}\p{N}~/._@+:\\-]+$/u;

/**
 * `text` as one harmless line of at most `maxChars` UTF-16 units in “…”, which stand nowhere in it. What an agent can write stands
 * in the mesh's own sentences like this and no other way: a reason, a summary, the beginning of a question.
 */
export function quoted(text: string, maxChars = 200): string {
  return `“${defangLine(text, maxChars).replace(MARKS, "'")}”`;
}

/** The same for what is mostly a single word, which stands as it is: a path, a branch, a program. */
export function quotedUnlessWord(text: string, maxChars = 200): string {
  const line = defangLine(text, maxChars);
  return WORD.test(line) ? line : quoted(text, maxChars);
}

/** What the mesh alone gives a reason for: the evidence of an ack, the number of a bounce, who waived an answer. */
const OWN_REASONS: readonly string[] = ["acked", "bounced", "waived"];

/** The reason of a timeline entry, quoted unless it is the mesh's own. */
export function quotedReason(event: string, reason: string): string {
  return OWN_REASONS.includes(event) ? defangLine(reason) : quotedUnlessWord(reason);
}
