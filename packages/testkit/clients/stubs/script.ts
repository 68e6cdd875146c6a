/** What the stub models say: they follow a script in what they are shown, and think of nothing themselves. */

/** One request to a model, taken out of its vendor's shape. */
export interface Turn {
  /** Every text the model is shown, oldest first. */
  readonly shown: readonly string[];
  /** The newest text of the user's side that is no tool result. */
  readonly asked: string;
  /** Whether a tool's result came after it. */
  readonly afterTool: boolean;
  /** Names of the tools the model may call. */
  readonly tools: readonly string[];
}

/** What the model does. */
export type Act = { readonly text: string } | { readonly tool: string; readonly input: Record<string, unknown> };

/** Follows the directives CALL:<end of a tool's name> {json}, SLEEP:<ms>, FAIL:<status>, and REPLY:<word> in a fenced message. */
export class Script {
  readonly #answered = new Set<string>();
  #texts = 0;

  /** How long the model thinks, in milliseconds. */
  delayMs({ asked, afterTool, tools }: Turn): number {
    return afterTool || tools.length === 0 ? 0 : Number(/SLEEP:(\d{1,5})/.exec(asked)?.[1] ?? 0);
  }

  /** With which HTTP status the request fails; undefined when it does not. */
  failure({ asked, tools }: Turn): number | undefined {
    const [, status] = /FAIL:([45]\d\d)/.exec(asked) ?? [];
    return status === undefined || tools.length === 0 ? undefined : Number(status);
  }

  /** What it does then. */
  next(turn: Turn): Act {
    const fenced = this.#unanswered(turn);
    if (fenced) return fenced;
    const [, end = "", json = ""] = /CALL:([\w-]+) (\{.*?\})(?:\n|$)/.exec(turn.asked) ?? [];
    const tool = end === "" ? undefined : turn.tools.find((name) => name.endsWith(end));
    if (tool !== undefined && !turn.afterTool) return { tool, input: inputOf(json) };
    this.#texts++;
    return { text: turn.afterTool ? `the tool has answered (${this.#texts})` : `text ${this.#texts}` };
  }

  // A fence may be anywhere in what is shown, and inside of JSON text.
  #unanswered({ shown, tools }: Turn): Act | undefined {
    const reply = tools.find((name) => /(^|[_-])reply$/.test(name));
    if (reply === undefined) return undefined;
    for (const text of shown) {
      for (const [, number = "", word = ""] of text.matchAll(FENCE)) {
        if (this.#answered.has(number)) continue;
        this.#answered.add(number);
        return { tool: reply, input: { message_id: number, message: word } };
      }
    }
    return undefined;
  }
}

// As text, inside of JSON, and as Gemini CLI escapes what hooks say.
const FENCE =
  /(?:<|&lt;)agentmesh from=\\?"[^"\\]+\\?" message=\\?"(\d+)\\?"(?:(?!>|&gt;).)*(?:>|&gt;)(?:\n|\\n)[^<&]*?REPLY:([\w-]+)/g;

function inputOf(json: string): Record<string, unknown> {
  const input: unknown = JSON.parse(json);
  return typeof input === "object" && input !== null ? { ...input } : {};
}
