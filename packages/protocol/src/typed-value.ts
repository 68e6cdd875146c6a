/** Values as people type them, behind a flag, in the environment or in a file: one grammar and one sentence for each kind. */
import * as z from "zod";
import { object } from "./shapes/lazy-object.ts";
import { shortDuration } from "./text/short-duration.ts";
import { inWords, wrongValues, wrongValueText } from "./text/wrong-value.ts";

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(?:\d{1,12}(?:ms|s|m|h|d))+$/;
const DIGITS = /^\d{1,16}$/;

/** A setting has a value that it does not take; the message says which, what it takes, and what was given. */
export class WrongSettingError extends Error {
  override readonly name = "WrongSettingError";
}

/** A whole number within limits, written in digits. */
export function wholeNumber(min: number, max: number) {
  return numberOf(min, max, `a whole number from ${min} to ${max}`);
}

/** Ports of other protocols, to which `fetch` and browsers connect nowhere (WHATWG Fetch, "bad port"). */
const REFUSED_BY_FETCH: ReadonlySet<number> = new Set([
  ...[1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109],
  ...[110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530],
  ...[531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190],
  ...[5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10_080],
]);

/** Whether programs can call a port over HTTP: a broker on another one would be seen by none. */
export function isCalled(port: number): boolean {
  return !REFUSED_BY_FETCH.has(port);
}

const A_CALLED_PORT = "a port that fetch and browsers connect to, such as 7899";

/** A TCP port that somebody chose. */
export const PortNumber = numberOf(1, 65_535, "a port from 1 to 65535").superRefine(unless(isCalled, A_CALLED_PORT));

const A_PORT_OR_AUTO = "auto, or a port from 0 to 65535";

/** A TCP port, or `auto` or 0 for one that the broker finds. */
export const PortSetting = z
  .union([z.literal("auto"), numberOf(0, 65_535, A_PORT_OR_AUTO)], { error: A_PORT_OR_AUTO })
  .superRefine(unless((port) => port === "auto" || isCalled(port), A_CALLED_PORT));

/** True or false, as a word or as JSON has it. */
export const SwitchSetting = z.union([z.boolean(), z.enum(["true", "false"]).transform((text) => text === "true")], {
  error: "true or false",
});

/** One of a few words. */
export function oneOf<const T extends string>(words: readonly T[]) {
  const all = words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
  return z.literal(words, { error: all });
}

/** A time such as `45s`, `1h30m` or `7d`, as milliseconds within limits. */
export function duration(minMs: number, maxMs: number) {
  const error = `a time such as 45s, 30m, 2h or 7d, from ${shortDuration(minMs)} to ${shortDuration(maxMs)}`;
  const fits = (text: string) => DURATION.test(text) && within(millisecondsOf(text), minMs, maxMs);
  return z.string().superRefine(unless(fits, error)).transform(millisecondsOf);
}

/** The value of a setting by its schema. @throws WrongSettingError with one sentence */
export function settingOf<T>(setting: string, schema: z.ZodType<T>, said: unknown): T {
  const parsed = object(() => ({ [setting]: schema })).safeParse({ [setting]: said }, inWords);
  if (!parsed.success) throw new WrongSettingError(`${wrongValueText(wrongValues(parsed.error))}.`);
  return schema.parse(said);
}

function numberOf(min: number, max: number, error: string) {
  const fits = (said: number | string) =>
    (typeof said === "number" || DIGITS.test(said)) && Number.isInteger(Number(said)) && within(Number(said), min, max);
  return z.union([z.number(), z.string()], { error }).superRefine(unless(fits, error)).transform(Number);
}

function within(n: number, min: number, max: number): boolean {
  return n >= min && n <= max;
}

/** An issue that says what is taken, as one of the library's own would: what was given is said behind it. */
function unless<T extends string | number>(fits: (said: T) => boolean, message: string) {
  return (said: T, context: z.RefinementCtx<T>) => {
    if (!fits(said)) context.addIssue({ code: "invalid_format", format: "setting", message, input: String(said) });
  };
}

function millisecondsOf(text: string): number {
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+)(ms|s|m|h|d)/g)) ms += Number(amount) * (UNIT_MS[unit ?? ""] ?? 0);
  return ms;
}
