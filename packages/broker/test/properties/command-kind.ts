/** What a command is: it draws its choices beforehand, and turns them into a question when its time comes. */
import type { AgentId } from "@agentmesh/protocol";
import fc from "fast-check";
import type { AgentHistory } from "./history.ts";
import type { Observer, Question } from "./observer.ts";
import type { World } from "./world.ts";

/** A drawn command. */
export interface Draw {
  readonly text: string;
  /** Questions, each drawn up after the one before was answered, or several of one turn; none when there is nothing to ask about yet. */
  readonly questions: (observer: Observer) => Iterable<Question | readonly Question[]>;
}

/** A kind of command: how often it comes, and whether it may share its turn, and so its commit, with others. */
export interface CommandKind {
  readonly name: string;
  readonly weight: number;
  readonly joins: boolean;
  readonly draws: fc.Arbitrary<Draw>;
}

/** A kind of command. One that joins has one question at most. */
export function kind<T>(
  name: string,
  weight: number,
  choices: fc.Arbitrary<T>,
  question: (observer: Observer, choice: T) => Question | Iterable<Question | readonly Question[]> | undefined,
  joins: "joins" | "alone" = "alone",
): CommandKind {
  const draws = choices.map((choice) => ({
    text: `${name} ${JSON.stringify(choice)}`,
    questions: (observer: Observer) => {
      const asked = question(observer, choice) ?? [];
      return typeof asked === "function" ? [asked] : asked;
    },
  }));
  return { name, weight, joins: joins === "joins", draws };
}

/** Numbers to pick by. */
export const any = fc.nat(999);

/** True one time in ten. */
export const rarely = fc.nat(9).map((n) => n === 9);

/** Places in the pool of agents: the first ones more often, so that their inboxes fill. */
export const who = fc.constantFrom(0, 0, 0, 0, 1, 1, 1, 2, 3);

/** One of a list by a drawn number; undefined of an empty one. */
export function pick<T>(from: readonly T[], n: number): T | undefined {
  return from[n % from.length];
}

/** An agent that is registered. */
export function pickAgent(o: Observer, n: number): AgentHistory | undefined {
  return pick(o.history.present, n);
}

/** An agent other than this one. */
export function someoneElse(o: Observer, than: AgentId, n: number): AgentId {
  return (
    pick(
      o.history.present.filter(({ id }) => id !== than),
      n,
    )?.id ?? than
  );
}

/** One command, or several in one turn of the event loop, as fast-check runs them. */
export class Command implements fc.AsyncCommand<Observer, World> {
  readonly #draws: readonly Draw[];

  constructor(draws: readonly Draw[]) {
    this.#draws = draws;
  }

  check(): boolean {
    return true;
  }

  async run(observer: Observer): Promise<void> {
    const [first, ...others] = this.#draws;
    if (others.length > 0) {
      const questions = this.#draws.flatMap((draw) => [...draw.questions(observer)].flat());
      if (questions.length > 0) await observer.step(...questions);
    } else {
      for (const question of first?.questions(observer) ?? []) await observer.step(...[question].flat());
    }
  }

  toString(): string {
    return this.#draws.map(({ text }) => text).join(" + ");
  }
}
