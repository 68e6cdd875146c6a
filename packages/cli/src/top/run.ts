/** `agentmesh top`: what needs a person, who is there and what happens, live on a terminal, with keys that end it. */
import type { Key } from "node:readline";
import { CommandError, usageError } from "../command-error.ts";
import type { Context } from "../context.ts";
import { begin } from "./acts.ts";
import { follow } from "./follow.ts";
import { frameOf } from "./frame.ts";
import { keysFor } from "./keys.ts";
import { canDraw, Screen } from "./screen.ts";
import { type Asking, choose, chosenAt, chosenNeed, emptyState, type TopState, views } from "./state.ts";

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
  const end = new AbortController();
  let by: keyof typeof SIGNALS | undefined;
  const ended = (name: keyof typeof SIGNALS) => () => {
    by = name;
    end.abort();
  };
  const listeners = [["SIGTERM", ended("SIGTERM")] as const, ["SIGHUP", ended("SIGHUP")] as const];
  for (const [name, listener] of listeners) process.once(name, listener);
  const state = emptyState();
  const actor = { admin, acting: () => context.acting() };
  {
    using screen = new Screen(
      (text, key) => {
        onKey(text, key);
        draw();
      },
      () => draw(),
    );
    const draw = () => screen.draw(frameOf(state, screen.size));
    const onKey = (text: string, key: Key) => {
      if (key.ctrl && key.name === "c") return end.abort();
      if (state.asking) return typed(state, text, key, settle);
      if (key.name === "q") return end.abort();
      const need = chosenNeed(state);
      const act = need && keysFor(need).find((each) => each.key === text)?.act;
      if (need && act) return asked(state, begin(act, need, actor), settle);
      move(state, text, key, screen.size.rows);
    };
    /** Says what came of it, for a while. */
    const settle = (work: Promise<string>) => {
      state.said = "…";
      const say = (text: string) => {
        state.said = text;
        draw();
        setTimeout(() => {
          if (state.said === text) state.said = "";
          draw();
        }, SAID_MS).unref();
      };
      work.then(say, (error: unknown) => say(error instanceof Error ? error.message : String(error)));
    };
    const clock = setInterval(draw, 1_000);
    try {
      draw();
      await follow(admin, agent, state, { signal: end.signal, changed: draw });
    } finally {
      end.abort();
      clearInterval(clock);
      for (const [name, listener] of listeners) process.off(name, listener);
    }
  }
  if (by !== undefined)
    throw new CommandError("interrupted", `Ended by ${by}; nothing was changed by that.`, SIGNALS[by]);
}

function asked(state: TopState, what: Asking | Promise<string>, settle: (work: Promise<string>) => void): void {
  if (what instanceof Promise) settle(what);
  else state.asking = what;
}

/** A key while something is asked. */
function typed(state: TopState, text: string, key: Key, settle: (work: Promise<string>) => void): void {
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
    settle(asking.done(asking.text));
  } else if (key.name === "backspace") state.asking = { ...asking, text: [...asking.text].slice(0, -1).join("") };
  else if (!key.ctrl && !key.meta && /^[^\p{Cc}]+$/u.test(text ?? "")) {
    state.asking = { ...asking, text: asking.text + text };
  }
}

function move(state: TopState, text: string, key: Key, rows: number): void {
  const at = chosenAt(state);
  const page = Math.max(1, rows - 8);
  const view =
    views[Number(text) - 1] ?? (key.name === "tab" ? views[(views.indexOf(state.view) + 1) % views.length] : undefined);
  if (view) {
    state.view = view;
    choose(state, 0);
  } else if (key.name === "down" || text === "j") choose(state, at + 1);
  else if (key.name === "up" || text === "k") choose(state, at - 1);
  else if (key.name === "pagedown") choose(state, at + page);
  else if (key.name === "pageup") choose(state, at - page);
  else if (key.name === "home" || text === "g") choose(state, 0);
  else if (key.name === "end" || text === "G") choose(state, Number.MAX_SAFE_INTEGER);
}
