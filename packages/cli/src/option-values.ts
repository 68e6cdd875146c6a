/** Values behind options, by the grammar and in the words that flags, environment and files have in common. */
import { duration, oneOf, settingOf, WrongSettingError, wholeNumber } from "@agentmesh/protocol";
import { Option } from "commander";
import type * as z from "zod";
import { usageError } from "./command-error.ts";

/** An option whose value a schema reads. `flags` as commander has them: `--ttl <duration>`. */
export function typedOption<T>(flags: string, about: string, schema: z.ZodType<T>): Option {
  const name = /--[a-z-]+/.exec(flags)?.[0] ?? flags;
  return new Option(flags, about).argParser((text) => typed(name, schema, text));
}

/** A value that a person typed. @throws CommandError */
export function typed<T>(setting: string, schema: z.ZodType<T>, text: string): T {
  try {
    return settingOf(setting, schema, text);
  } catch (error) {
    if (error instanceof WrongSettingError) throw usageError(error.message);
    throw error;
  }
}

/** An option such as `30m` or `1h30m`, in milliseconds, within limits. */
export function durationOption(flags: string, about: string, minMs: number, maxMs: number): Option {
  return typedOption(flags, about, duration(minMs, maxMs));
}

/** An option that is a whole number within limits; help shows what it is without it. */
export function countOption(flags: string, about: string, min: number, max: number, otherwise?: number): Option {
  const option = typedOption(flags, about, wholeNumber(min, max));
  return otherwise === undefined ? option : option.default(otherwise);
}

/** An option that is one of a few words, which help shows. */
export function choiceOption<const T extends string>(flags: string, about: string, words: readonly T[]): Option {
  return typedOption(flags, `${about} (choices: ${words.join(", ")})`, oneOf(words));
}
