/** What a tool says when it fails: what happened, and what to do next. */
import { Hindrance, MeshApiError, mayPass } from "@agentmesh/client";
import { BrokerStartError, refusalSentences } from "@agentmesh/client/node";
import { systemRefusal } from "@agentmesh/protocol";
import { defang } from "./render.ts";

/** A tool was called with parameters it does not take; the message names the right ones. */
export class ToolInputError extends Error {
  override readonly name = "ToolInputError";
}

/** Nobody answered within a tool's time. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
}

/** What a call waits for. */
export interface WaitsFor {
  /** The address of the broker on another machine. */
  readonly elsewhere: string | undefined;
  /** Its address on this machine, where a setting says it. */
  readonly address: string | undefined;
  /** Something else, as a sentence. */
  readonly other: string | undefined;
}

const remedies: Partial<Record<MeshApiError["code"], string>> = {
  agent_not_found: "list_peers with include_offline shows every name.",
  message_not_found: "check_messages shows what waits for you, each with its number.",
  delivery_not_found: "check_messages shows what waits for you, each with its number.",
  other_life: "check_messages shows what waits for you, each with its number.",
  inbox_full: "The recipient has to read first; try again later.",
  storage_full: "Tell the person you work for; until there is room, nothing new can be sent.",
  quota_full: "Tell the person you work for; send nothing more until then.",
};

/** Whether the broker no longer knows the session or its agent: a heartbeat opens a new one. */
export function needsSession(error: unknown): boolean {
  return error instanceof MeshApiError && (error.code === "session_not_found" || error.code === "unauthenticated");
}

/**
 * Whether joining is tried again without a tool call. A look for a broker costs nothing, and a person may have done
 * something; a start that fails until somebody does is not repeated.
 */
export function isTriedAgain(error: unknown): boolean {
  return !(error instanceof BrokerStartError) || error.passes;
}

/** The failure as sentences for a model. */
export function sentencesFor(error: unknown): string {
  if (error instanceof ToolInputError) return defang(error.message);
  if (error instanceof MeshApiError) return defang(apiSentences(error));
  const refusal = error instanceof Hindrance ? undefined : systemRefusal(error);
  const said = refusal ? refusalSentences(refusal) : error instanceof Error ? error.message : String(error);
  const what = said.replace(/[.)]?$/, (end) => (end === ")" ? ")." : "."));
  if (error instanceof NoAnswerError || mayPass(error)) {
    return defang(`${what} The adapter goes on trying to reach the broker: call the tool again in a few seconds.`);
  }
  return defang(`${what} Tell the person you work for; when that is mended, call the tool again.`);
}

function apiSentences(error: MeshApiError): string {
  const { detail, nearNames = [], issues = [] } = error.problem;
  const unsaid = nearNames.filter((name) => !detail.includes(name));
  return [
    /[.?!]$/.test(detail) ? detail : `${detail}.`,
    ...(unsaid.length > 0 ? [`Near names: ${unsaid.join(", ")}.`] : []),
    ...issues.filter(({ message }) => !detail.includes(message)).map(({ path, message }) => `${path}: ${message}.`),
    ...(remedies[error.code] === undefined ? [] : [remedies[error.code]]),
    ...(error.retryable && !(error.code in remedies) ? ["Call the tool again in a few seconds."] : []),
  ].join(" ");
}
