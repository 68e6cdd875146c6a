/** Histories: what people, clients and machines do with up to six sessions in three directories, as data. */
import fc from "fast-check";

/** Clients by what they tell: at the start, later, by hooks only or never. */
export const clients = ["claude-code", "codex", "gemini", "gemini-without-hooks", "cursor"] as const;
/** One of them. */
export type ClientName = (typeof clients)[number];

export const SLOTS = 6;
export const DIRECTORIES = 3;

/** One step. `slot` chooses among the live sessions, `which` among conversations or agents. */
export type Step =
  | {
      readonly do: "start";
      readonly client: ClientName;
      readonly directory: number | undefined;
      readonly conversation: "new" | "resume" | "fork";
      readonly named: boolean;
      readonly which: number;
    }
  | {
      readonly do: "tell" | "call" | "clear" | "compact" | "fork" | "beat" | "read" | "act" | "end" | "delete" | "kill";
      readonly slot: number;
    }
  | { readonly do: "resume" | "unknown"; readonly slot: number; readonly which: number }
  | { readonly do: "roots"; readonly slot: number; readonly directory: number }
  | { readonly do: "send"; readonly which: number }
  | { readonly do: "reboot"; readonly order: readonly number[] };

const slot = fc.nat({ max: SLOTS - 1 });
const which = fc.nat({ max: 11 });
const directory = fc.nat({ max: DIRECTORIES - 1 });

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("start" as const),
      client: fc.constantFrom(...clients, "claude-code" as const, "codex" as const),
      directory: fc.option(directory, { nil: undefined, freq: 6 }),
      conversation: fc.constantFrom(
        "new" as const,
        "new" as const,
        "resume" as const,
        "resume" as const,
        "fork" as const,
      ),
      named: fc.integer({ min: 0, max: 7 }).map((one) => one === 0),
      which,
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("tell" as const, "call" as const, "beat" as const), slot }) },
  { weight: 7, arbitrary: fc.record({ do: fc.constantFrom("read" as const, "read" as const, "act" as const), slot }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom("clear" as const, "compact" as const, "fork" as const), slot }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("resume" as const, "unknown" as const), slot, which }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("end" as const, "end" as const, "kill" as const, "delete" as const),
      slot,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("roots" as const), slot, directory }) },
  { weight: 10, arbitrary: fc.record({ do: fc.constant("send" as const), which }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("reboot" as const),
      order: fc.shuffledSubarray(
        Array.from({ length: SLOTS }, (_, at) => at),
        { minLength: SLOTS },
      ),
    }),
  },
);

/** Any history. */
export const history: fc.Arbitrary<Step[]> = fc.array(step, { minLength: 10, maxLength: 90, size: "max" });
