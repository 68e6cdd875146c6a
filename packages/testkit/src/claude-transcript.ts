/** A Claude Code session's transcript, written line by line as Claude Code 2.1.330 writes it. */
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** The file, and what a session may add to it. */
export interface ClaudeTranscript {
  readonly path: string;
  /** The text waits in the session's queue; its model has not been shown it. */
  queued(text: string): void;
  /** The model is given the text, as a prompt of its own. */
  prompted(text: string): void;
  /** The model is given the text while it works. */
  attached(text: string): void;
  /** What a hook printed, which Claude Code keeps beside what it shows the model. */
  hookPrinted(text: string): void;
  /** The model answers; `calling` when it goes on with a tool. */
  answered(calling?: boolean): void;
  /** The user stops the model at a tool that it wanted to use. */
  interrupted(): void;
}

/** Makes the file, with a first turn in it. */
export function openClaudeTranscript(path: string): ClaudeTranscript {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "");
  const add = (entry: Record<string, unknown>) => appendFileSync(path, `${JSON.stringify(entry)}\n`);
  const transcript: ClaudeTranscript = {
    path,
    queued: (content) => add({ type: "queue-operation", operation: "enqueue", content }),
    prompted: (content) => add({ type: "user", isSidechain: false, message: { role: "user", content } }),
    attached: (prompt) =>
      add({ type: "attachment", isSidechain: false, attachment: { type: "queued_command", prompt } }),
    hookPrinted: (stdout) => add({ type: "attachment", attachment: { type: "hook_success", stdout } }),
    answered: (calling = false) =>
      add({
        type: "assistant",
        isSidechain: false,
        message: {
          role: "assistant",
          model: "claude",
          stop_reason: calling ? "tool_use" : "end_turn",
          content: [{ type: "text", text: "ok" }],
        },
      }),
    interrupted: () =>
      add({
        type: "user",
        isSidechain: false,
        timestamp: new Date().toISOString(),
        message: { role: "user", content: [{ type: "text", text: "[Request interrupted by user for tool use]" }] },
      }),
  };
  transcript.prompted("hello");
  transcript.answered();
  return transcript;
}
