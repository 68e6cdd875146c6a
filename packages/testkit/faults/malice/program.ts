/** The program of a partner: prepares and does one load, or stands by, as it is asked over its channel. */
import { setTimeout as sleep } from "node:timers/promises";
import { Bystander } from "./bystander.ts";
import type { Act } from "./load.ts";
import { Question } from "./program-words.ts";
import { LOADS } from "./table.ts";

let act: Act | undefined;
let bystander: Bystander | undefined;

async function answer(question: Question): Promise<unknown> {
  switch (question.do) {
    case "prepare":
      act = await LOADS.find(({ name }) => name === question.load)?.prepare(question.ground);
      return true;
    case "load":
      return await act?.(question.ground, begins);
    case "stand":
      bystander = new Bystander(question.as);
      await bystander.start();
      return true;
    case "look":
      return bystander?.next();
    case "finish":
      return await bystander?.finish();
  }
}

/** Said a moment before, so that what is begun then is measured whole. */
async function begins(): Promise<void> {
  process.send?.({ is: "begins" });
  await sleep(500);
}

process.on("message", (message) => {
  answer(Question.parse(message)).then(
    (value) => process.send?.({ is: "answer", value }),
    (error) =>
      process.send?.({ is: "failed", detail: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
process.on("disconnect", () => process.exit());
