/** A program beside this one, asked over its channel: one question, one answer. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { cleanEnv } from "testkit";
import type * as z from "zod";
import { Answer, type Question } from "./program-words.ts";

/** The program. Killed on dispose. */
export interface Partner extends AsyncDisposable {
  /** Asks, and resolves with what is answered; fails when it fails there, or after `withinMs`. */
  ask<T>(question: Question, answer: z.ZodType<T>, withinMs?: number): Promise<T>;
}

const USUALLY_MS = 120_000;

/** Starts it; `begins` is called when a load says that it begins. */
export function startPartner(begins: () => void = () => undefined): Partner {
  const child = fork(fileURLToPath(new URL("program.ts", import.meta.url)), [], {
    execArgv: ["--conditions=@agentmesh/source"],
    env: cleanEnv(),
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const over = new Promise<void>((resolve) => child.once("close", () => resolve()));
  child.on("message", (message) => {
    if (Answer.parse(message).is === "begins") begins();
  });
  return {
    async ask(question, answer, withinMs = USUALLY_MS) {
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const hear = (message: unknown) => {
        const heard = Answer.parse(message);
        if (heard.is === "answer") resolve(heard.value);
        if (heard.is === "failed") reject(new Error(heard.detail));
      };
      const gone = () => reject(new Error(`the program asked to ${question.do} is gone`));
      const late = setTimeout(() => reject(new Error(`no end of ${question.do} after ${withinMs} ms`)), withinMs);
      child.on("message", hear).once("close", gone);
      try {
        child.send(question);
        return answer.parse(await promise);
      } finally {
        clearTimeout(late);
        child.off("message", hear).off("close", gone);
      }
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await over;
    },
  };
}
