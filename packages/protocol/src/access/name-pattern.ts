/** Patterns of names: which names the agents that come by an invite may have. */
import * as z from "zod";
import { AgentName, MAX_NAME_LENGTH } from "../names/names.ts";

/** A name, in which one `*` stands for anything: `laptop-*`. */
export const NamePattern = z
  .string()
  .max(MAX_NAME_LENGTH)
  .regex(/^[a-z0-9*][a-z0-9._*-]*$/, "a name, or one with a * in it: laptop-*")
  .refine((pattern) => pattern.split("*").length <= 2, { error: "one * at most" })
  .refine((pattern) => AgentName.safeParse(pattern.replace("*", "x")).success, {
    error: "with a letter in place of the * this is no name that an agent may have",
  })
  .meta({ description: "a name with one * for anything, e.g. laptop-*" });
export type NamePattern = z.infer<typeof NamePattern>;

/** Whether a name is one that a pattern means; of one without `*` also its numbered ones, as `ci-2`. */
export function fitsPattern(name: AgentName, pattern: NamePattern): boolean {
  const [before = "", behind] = pattern.split("*");
  if (behind === undefined) return name === before || /^-[1-9][0-9]{0,3}$/.test(rest(name, before));
  return name.startsWith(before) && name.endsWith(behind) && name.length >= before.length + behind.length;
}

/** The name itself where the pattern means it; else the pattern with the name in place of its `*`. */
export function fittedName(name: AgentName, pattern: NamePattern): AgentName {
  if (fitsPattern(name, pattern)) return name;
  const room = MAX_NAME_LENGTH - (pattern.length - 1);
  const fitted = pattern.replace("*", () => name.slice(0, room));
  return fitted;
}

function rest(name: string, before: string): string {
  return name.startsWith(before) ? name.slice(before.length) : "";
}
