/** A button that does something: it shows the command line it stands for, and asks before what cannot be undone. */
import { signal, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { mayChange, ownSignIn } from "../frame/sign-in.ts";

/** The command line of the button that is pointed at; the frame shows it. */
export const pointedAt = signal<string | undefined>(undefined);

/** Why nothing is sent where the page was opened without a person. */
const NOBODY_WRITES =
  "Nobody writes here: a coding client opened this page. Open it from a terminal of your own: agentmesh ui";

/** What a button needs. */
interface ActProps {
  /** The command line that does the same; undefined where there is none. */
  readonly command: string | undefined;
  readonly run: () => Promise<unknown>;
  readonly children: ComponentChildren;
  /** What is asked first, with the object and how many: `Remove carol and her 3 messages?` */
  readonly confirm?: string | undefined;
  readonly main?: boolean | undefined;
  /** Said when it is done. */
  readonly done?: string | undefined;
  readonly disabled?: boolean | undefined;
  /** It sends something as the person. */
  readonly writes?: boolean | undefined;
}

/** The button. */
export function Act({ command, run, children, confirm, main, done, disabled, writes }: ActProps) {
  const state = useSignal<"idle" | "asking" | "busy" | "done">("idle");
  const failed = useSignal("");
  const yes = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (state.value === "asking") yes.current?.focus();
  }, [state.value]);
  const go = async () => {
    state.value = "busy";
    failed.value = "";
    try {
      await run();
      state.value = "done";
      setTimeout(() => {
        state.value = "idle";
      }, 4_000);
    } catch (error) {
      state.value = "idle";
      failed.value =
        error instanceof TypeError
          ? "No broker answers. Nothing is known to be done."
          : String((error as Error).message);
    }
  };
  const not = whyNot(writes);
  if (state.value === "asking") {
    return (
      // biome-ignore lint/a11y/useSemanticElements: a fieldset breaks the row's line
      <span class="asking" role="group" aria-label={confirm}>
        <span>{confirm}</span>
        <button type="button" class="act danger" ref={yes} {...shows(command)} onClick={go}>
          {children}
        </button>
        <button
          type="button"
          class="act"
          onClick={() => {
            state.value = "idle";
          }}
        >
          Keep
        </button>
      </span>
    );
  }
  return (
    <span class="doing">
      <button
        type="button"
        class={main ? "act main" : "act"}
        disabled={not !== undefined || disabled || state.value === "busy"}
        {...shows(command)}
        title={
          not === undefined ? command && `$ ${command}` : `${not}${command ? ` At the command line: ${command}` : ""}`
        }
        onClick={() => {
          if (confirm === undefined) void go();
          else state.value = "asking";
        }}
      >
        {state.value === "done" ? (done ?? "Done") : children}
      </button>
      {failed.value && (
        <span class="failed" role="alert">
          {failed.value}
        </span>
      )}
    </span>
  );
}

function whyNot(writes: boolean | undefined): string | undefined {
  if (!mayChange()) return "This link only looks.";
  return writes && !ownSignIn.value?.person ? NOBODY_WRITES : undefined;
}

/** What has the frame show a command line while something is pointed at or has the focus. */
function shows(command: string | undefined) {
  const on = () => {
    pointedAt.value = command;
  };
  const off = () => {
    if (pointedAt.value === command) pointedAt.value = undefined;
  };
  return { onMouseEnter: on, onMouseLeave: off, onFocus: on, onBlur: off };
}
