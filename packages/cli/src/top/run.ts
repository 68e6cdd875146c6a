/** `agentmesh top`: what needs a person, who is there and what happens, live on a terminal, with keys that end it. */
import type { Key } from "node:readline";
import { requireOne } from "../all-agents.ts";
import { CommandError, usageError } from "../command-error.ts";
import { heldBackWords } from "../commands/deliveries/log-growth.ts";
import { type Context, USUAL_NAME } from "../context.ts";
import { remark } from "../terminal/output.ts";
import { begin } from "./acts.ts";
import { follow } from "./follow.ts";
import { frameOf } from "./frame.ts";
import { keysFor } from "./keys.ts";
import { canDraw, Screen } from "./screen.ts";
import { type Asking, choose, chosenAt, chosenNeed, emptyState, isGone, type TopState, views } from "./state.ts";

const SIGNALS = { SIGTERM: "terminated", SIGHUP: "hungUp" } as const;

/** How long what came of an act is shown in the place of the keys, in milliseconds. */
const SAID_MS = 6_000;

/** Shows the mesh until somebody types q. @throws MeshApiError, CommandError */
export async function top(context: Context, agent: string | undefined): Promise<void> {
  if (context.json || !canDraw()) {
    throw usageError(
      "top is drawn on a terminal, and there is none here. The same as text: agentmesh needs, agentmesh agents, agentmesh log -f; for programs with --json.",
    );
  }
  const admin = await context.admin({ retryForMs: 0 });
  await requireOne(context, admin, agent, ["top"]);
  // Whatever is asked or said about it comes before the screen is taken; who never acted is made by the first act, without a word.
  const isKnown = context.name !== USUAL_NAME || (await context.knownAs(context.name)) !== undefined;
  let known = isKnown ? await context.acting() : undefined;
  const end = new AbortController();
  let by: keyof typeof SIGNALS | undefined;
  const ended = (name: keyof typeof SIGNALS) => () => {
    by = name;
    end.abort();
  };
  const listeners = [["SIGTERM", ended("SIGTERM")] as const, ["SIGHUP", ended("SIGHUP")] as const];
  for (const [name, listener] of listeners) process.once(name, listener);
  const state = emptyState();
  state.me = known?.agent.id;
  const acting = async () => {
    known ??= await context.acting();
    state.me = known.agent.id;
    return known;
  };
  const actor = { admin, acting };
  {
    using screen = new Screen(
      (text, key) => {
        onKey(text, key);
        draw();
      },
      () => draw(),
    );
    let ends = false;
    const draw = () => screen.draw(frameOf(state, screen.size));
    const onKey = (text: string, key: Key) => {
      if (key.ctrl && key.name === "c") return end.abort();
      if (state.asking) return typed(state, text, key, settle);
      if (key.name === "q") return end.abort();
      const need = chosenNeed(state);
      const chosen = need && keysFor(need, state.me).find((each) => each.key === text);
      if (need && chosen) {
        ends = chosen.ends === true;
        return asked(state, begin(chosen.act, need, actor), settle);
      }
      move(state, text, key, screen.size.rows);
    };
    /** Says what came of it, for a while; a text that was not taken is there to be sent again. */
    const settle = (work: Promise<string>, asking?: Asking) => {
      state.said = "…";
      if (ends) state.chosen = { ...state.chosen, isEnded: true };
      const say = (text: string) => {
        state.said = text;
        draw();
        setTimeout(() => {
          if (state.said === text) state.said = "";
          draw();
        }, SAID_MS).unref();
      };
      work.then(say, (error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        const text = asking?.kind === "text" ? asking.text : "";
        state.chosen = { key: state.chosen.key, at: state.chosen.at };
        if (text !== "") state.asking ??= asking;
        say(text === "" || state.asking === asking ? why : `${why} Not sent: ${text}`);
      });
    };
    const clock = setInterval(draw, 1_000);
    try {
      draw();
      const me = async () => (await context.knownAs(context.name))?.agent.id;
      await follow(admin, agent, state, { signal: end.signal, changed: draw, me });
    } finally {
      end.abort();
      clearInterval(clock);
      for (const [name, listener] of listeners) process.off(name, listener);
    }
  }
  if (state.isHeldBack) {
    remark(heldBackWords(await admin.connection.url(), "Every two seconds it was asked instead"));
  }
  if (by !== undefined)
    throw new CommandError("interrupted", `Ended by ${by}; nothing was changed by that.`, SIGNALS[by]);
}

type Settle = (work: Promise<string>, asking?: Asking) => void;

function asked(state: TopState, what: Asking | Promise<string>, settle: Settle): void {
  if (what instanceof Promise) settle(what);
  else state.asking = what;
}

/** A key while something is asked. */
function typed(state: TopState, text: string, key: Key, settle: Settle): void {
  const { asking } = state;
  if (!asking) return;
  if (key.name === "escape" || (asking.kind === "sure" && text === "n")) state.asking = undefined;
  else if (asking.kind === "sure") {
    if (text !== "y") return;
    state.asking = undefined;
    settle(asking.done());
  } else if (key.name === "return") {
    if (asking.text.trim() === "") return;
    state.asking = undefined;
    settle(asking.done(asking.text), asking);
  } else if (key.name === "backspace") state.asking = { ...asking, text: [...asking.text].slice(0, -1).join("") };
  else if (!key.ctrl && !key.meta && /^[^\p{Cc}]+$/u.test(text ?? "")) {
    state.asking = { ...asking, text: asking.text + text };
  }
}

function move(state: TopState, text: string, key: Key, rows: number): void {
  const at = chosenAt(state);
  // Down from what is over is what stands in its place.
  const next = isGone(state) ? at : at + 1;
  const page = Math.max(1, rows - 8);
  const view =
    views[Number(text) - 1] ?? (key.name === "tab" ? views[(views.indexOf(state.view) + 1) % views.length] : undefined);
  if (view) {
    state.view = view;
    choose(state, 0);
  } else if (key.name === "down" || text === "j") choose(state, next);
  else if (key.name === "up" || text === "k") choose(state, at - 1);
  else if (key.name === "pagedown") choose(state, at + page);
  else if (key.name === "pageup") choose(state, at - page);
  else if (key.name === "home" || text === "g") choose(state, 0);
  else if (key.name === "end" || text === "G") choose(state, Number.MAX_SAFE_INTEGER);
}
