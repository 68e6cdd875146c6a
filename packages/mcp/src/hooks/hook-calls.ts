/** The adapter's answers to its session's hooks: notes what they tell, and gives them the mail that waits. */
import { type OpenDialog, pause } from "@agentmesh/client";
import type { ClientSession } from "../client/client-session.ts";
import type { JoinedSession } from "../join.ts";
import type { Log } from "../log.ts";
import { type HookCall, hookOutput, isUntraced, type Moment, moments } from "./hook-call.ts";
import type { Caller } from "./hook-connection.ts";

/** A hook is answered within this time, if only with nothing, in milliseconds. */
const ANSWER_WITHIN_MS = 600;

/** One round of waiting for mail, in milliseconds. */
const WAIT_MS = 25_000;

/** A pause between two rounds, in milliseconds. */
const LOOK_AGAIN_MS = 500;

/** How often in a row mail may begin another turn where one would have ended; Claude Code itself stops at 8. */
const MAX_STOPS = 3;

const NEVER = new AbortController().signal;

/** What hooks are answered with. */
export interface HookCallsParts {
  readonly session: ClientSession;
  readonly log: Log;
  /** The session in the mesh, once it is joined. */
  joined(): JoinedSession | undefined;
}

/** Answers hooks. */
export class HookCalls {
  readonly #parts: HookCallsParts;
  #stops = 0;
  #waiter: Caller | undefined;
  #polling = false;

  constructor(parts: HookCallsParts) {
    this.#parts = parts;
  }

  /** Answers one call. Never throws. */
  async answer(caller: Caller): Promise<void> {
    const { session, log } = this.#parts;
    const { kind } = session;
    const { event, sessionId: id, source, transcript, codexHome, wait } = caller.call;
    if (kind === undefined) return;
    log.debug("hook.heard", { event, wait: wait === true });
    const moment = moments[kind][event];
    const dialog = dialogAfter(caller.call, moment);
    session.learn({ id, source, transcript, codexHome, turnOpen: turnAfter(moment), dialog, hooks: true });
    try {
      if (wait) await this.#wait(caller);
      else if (moment === undefined || moment === "start" || isUntraced(kind, moment)) await caller.answer({});
      else await this.#give(caller, moment, (text) => hookOutput(kind, event, text));
    } catch (error) {
      log.debug("hook.failed", { event, error });
      await caller.answer({});
    }
  }

  async #give(caller: Caller, moment: Moment, output: (text: string) => string): Promise<void> {
    const joined = this.#parts.joined();
    const soon = AbortSignal.any([caller.gone, AbortSignal.timeout(ANSWER_WITHIN_MS)]);
    joined?.evidence.look();
    if (moment === "tool") await joined?.canaries.withinTurn();
    if (moment !== "stop" || !caller.call.stopActive) this.#stops = 0;
    if (!joined || (moment === "stop" && this.#stops >= MAX_STOPS)) return void (await caller.answer({}));
    const mail = (await joined.hookMail.take(0, soon)) ?? (moment === "stop" ? undefined : joined.canaries.forHook());
    if (!mail) return void (await caller.answer({}));
    if (moment === "stop") {
      this.#stops++;
      this.#parts.session.learn({ turnOpen: true });
    }
    // Mail of the agent that this session was is not for what it is now.
    const print = joined.over.aborted ? undefined : output(mail.text);
    if (print !== undefined && (await caller.answer({ print }))) await mail.shown();
    else await mail.lost();
    if (print === undefined) await caller.answer({});
  }

  /** Holds a waiting hook until mail comes that no other path brings; the newest one waits. */
  async #wait(caller: Caller): Promise<void> {
    const before = this.#waiter;
    this.#waiter = caller;
    void before?.answer({});
    caller.gone.addEventListener("abort", () => this.#endWait(caller), { once: true });
    if (this.#polling) return;
    this.#polling = true;
    try {
      while (this.#waiter) await this.#pollOnce();
    } finally {
      this.#polling = false;
    }
  }

  /** One poll for whichever hook waits when mail comes: an aborted one might have taken mail with it. */
  async #pollOnce(): Promise<void> {
    const { session, joined } = this.#parts;
    const mesh = joined();
    if (mesh?.paths.usable) {
      void this.#waiter?.answer({});
      this.#waiter = undefined;
      return;
    }
    const mail = await mesh?.hookMail.take(WAIT_MS, NEVER).catch(() => undefined);
    if (!mail) return pause(LOOK_AGAIN_MS);
    if (mesh?.over.aborted) return mail.lost();
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (!(await waiter?.answer({ wake: mail.text }))) return mail.lost();
    session.learn({ turnOpen: true });
    await mail.shown();
  }

  #endWait(caller: Caller): void {
    if (this.#waiter === caller) this.#waiter = undefined;
  }
}

function turnAfter(moment: Moment | undefined): boolean | undefined {
  if (moment === "prompt" || moment === "tool") return true;
  return moment === "stop" ? false : undefined;
}

/** Whatever else a hook tells of, the session has gone on; one that waits for mail tells of nothing new. */
function dialogAfter({ dialog, wait }: HookCall, moment: Moment | undefined): OpenDialog | null | undefined {
  if (dialog !== undefined) return { about: dialog, sinceMs: Date.now() };
  return moment === undefined || wait ? undefined : null;
}
