/** What a model meant by the parameters that it wrote: what stands for "not given", and values in another type. */
import * as z from "zod";

/**
 * The parameters as they were meant. What a parameter takes stays as it is; what it refuses is taken for the same value
 * in its own type, or, where the parameter may be left out, for one that was left out.
 */
export function asMeant(shape: z.ZodRawShape, written: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const meant = Object.entries(written).flatMap(([name, value]) => {
    // Of a name that no parameter has, only a value can be wrong.
    if (value === null || value === undefined) return [];
    const parameter = Object.hasOwn(shape, name) ? shape[name] : undefined;
    const read = parameter === undefined ? value : readAs(parameter, value);
    return read === undefined ? [] : [[name, read] as const];
  });
  return Object.fromEntries(meant);
}

/** What clients and models write for nothing; a place that takes it as a value never asks. */
export function isNothing(value: unknown): boolean {
  if (value === null || value === undefined) return true;
  if (typeof value === "string") return ["", "null"].includes(value.trim().toLowerCase());
  return typeof value === "object" && Object.keys(value).length === 0;
}

function readAs(parameter: z.core.$ZodType, value: unknown): unknown {
  if (takes(parameter, value)) return value;
  const others = inOtherTypes(value);
  const other = others.find((each) => takes(parameter, each));
  if (other !== undefined) return other;
  if (isNothing(value) && takes(parameter, undefined)) return undefined;
  // A number that is too large is refused as that, however it was written.
  return others.find((each) => typeof value === "string" && hasType(parameter, each)) ?? value;
}

function takes(parameter: z.core.$ZodType, value: unknown): boolean {
  return z.safeParse(parameter, value).success;
}

function hasType(parameter: z.core.$ZodType, value: unknown): boolean {
  const issue = z.safeParse(parameter, value).error?.issues[0];
  return issue?.code !== "invalid_type" || issue.expected === "int";
}

function inOtherTypes(value: unknown): unknown[] {
  if (typeof value === "number" || typeof value === "boolean") return [String(value)];
  if (typeof value !== "string") return [];
  const text = value.trim().toLowerCase();
  if (text === "true" || text === "false") return [text === "true"];
  return /^[+-]?\d{1,15}(\.\d{1,15})?$/.test(text) ? [Number(text)] : [];
}
