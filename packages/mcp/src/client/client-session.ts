/** What is known of the client's own session: which it is, where its transcript lies, whether a turn is under way. */

import type { OpenDialog } from "@agentmesh/client";
import type { Inlet } from "../hooks/inlet.ts";
import { clientBeganMs } from "../hooks/process-tree.ts";
import type { ConversationSource } from "../identity/conversation.ts";
import type { ClientKind } from "./client-kind.ts";

/** What can be learnt of it. */
export interface SessionFacts {
  /** The client's id of the session; a Codex thread. */
  readonly id?: string | undefined;
  /** How the session came to that id, said together with it; undefined when nobody said so. */
  readonly source?: ConversationSource | undefined;
  readonly transcript?: string | undefined;
  /** Whether the model is at work. */
  readonly turnOpen?: boolean | undefined;
  /** Where Codex, Claude Code and Copilot keep their files, when not in the user's home. */
  readonly codexHome?: string | undefined;
  readonly claudeHome?: string | undefined;
  readonly copilotHome?: string | undefined;
  /** Where Qwen Code keeps the transcripts of the session's project. */
  readonly qwenProject?: string | undefined;
  /** The extension in the session that takes texts for it; its `gone` says when it is there no more. */
  readonly inlet?: Inlet | undefined;
  /** What its user is asked, and has not answered as far as anything has shown since; null when nothing. */
  readonly dialog?: OpenDialog | null | undefined;
  /** A hook of the session was heard. */
  readonly hooks?: true | undefined;
}

/** Kept up to date from the environment, the hooks, tool calls and the transcript itself. */
export class ClientSession {
  readonly kind: ClientKind | undefined;
  #facts: SessionFacts;
  readonly #listeners = new Set<(facts: SessionFacts) => void>();
  #calls = 0;
  #sinceMs = clientBeganMs();

  constructor(kind: ClientKind | undefined, facts: SessionFacts = {}) {
    this.kind = kind;
    this.#facts = facts;
  }

  get facts(): SessionFacts {
    return this.#facts;
  }

  /**
   * Since when the client's process has had this session, in Unix milliseconds. A turn that began before was another
   * process', and ended with it.
   */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** Whether the session can be expected to look at nothing new for a while. */
  get busy(): boolean {
    return this.#facts.turnOpen === true || this.#calls > 0;
  }

  /** Takes note; what is undefined stays as it was. A session with another id has another transcript. */
  learn(news: SessionFacts): void {
    const before = this.#facts;
    const moved = news.id !== undefined && before.id !== undefined && news.id !== before.id;
    if (moved) this.#sinceMs = Date.now();
    const said = Object.fromEntries(Object.entries(news).filter(([, value]) => value !== undefined));
    this.#facts = {
      ...before,
      ...(moved && { source: undefined, transcript: undefined, turnOpen: undefined, dialog: null }),
      ...said,
    };
    for (const listener of this.#listeners) listener(before);
  }

  /** Calls `listener` with the facts as they were, after they may have changed; returns what ends that. */
  onLearnt(listener: (before: SessionFacts) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Counts `work` as a tool call under way. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#calls++;
    try {
      return await work;
    } finally {
      this.#calls--;
    }
  }
}
