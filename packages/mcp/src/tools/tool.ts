/** What a tool is, and how its parameters are read. */
import { inWords, plainLine, Urgency, wrongValues, wrongValueText } from "@agentmesh/protocol";
import * as z from "zod";
import type { JoinedSession } from "../join.ts";
import { ToolInputError } from "../shown/remedy.ts";
import { asMeant, isNothing } from "./as-meant.ts";

/** What a tool answers: the same facts as text and as data, because clients show a model one or the other. */
export interface ToolResult {
  readonly text: string;
  readonly data: Record<string, unknown>;
  /** Called once with whether the client was written this answer. */
  settle?(written: boolean): Promise<void>;
}

/** Parameter of the tools that send. */
export const urgency = Urgency.default("normal").meta({
  description: "fyi rests until looked for; interrupt goes first, through a focus",
});

/** Hints for the client, as MCP names them. */
export interface ToolHints {
  readonly title: string;
  readonly readOnlyHint?: boolean;
  readonly destructiveHint?: boolean;
  readonly idempotentHint?: boolean;
  readonly openWorldHint?: boolean;
}

/** What a tool may wait for beyond an answer of the broker, which it has to have before `soon` is over. */
export interface Waiting {
  readonly waitMs: number;
  readonly soon: AbortSignal;
}

/** A tool with its parameters and what it does. */
export interface ToolSpec<S extends z.ZodObject> {
  readonly name: string;
  readonly description: string;
  readonly annotations: ToolHints;
  readonly input: S;
  /** Other spellings of parameters that are taken but not advertised in errors. */
  readonly aliases?: readonly string[];
  run(session: JoinedSession, input: z.output<S>, signal: AbortSignal, waiting: Waiting): Promise<ToolResult>;
  /** How long the call is meant to wait, in milliseconds. */
  waitMs?(input: z.output<S>): number;
}

/** A tool that takes whatever a model wrote. */
export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly annotations: ToolHints;
  /** What it does can be noticed by others, or is remembered. */
  readonly leavesTraces: boolean;
  /** JSON schema of the parameters. It says what is wanted; more than that is taken. */
  schema(): Schema;
  /** `longestMs`: a call may not wait longer, whatever is asked for. @throws ToolInputError, MeshApiError, BrokerUnreachableError */
  prepare(
    input: unknown,
    longestMs?: number,
  ): {
    /** The parameters as they were meant, in the types that the schema names. */
    readonly input: Record<string, unknown>;
    readonly waitMs: number;
    /** `soon` is over when the broker has to have answered for the first time. */
    run(session: JoinedSession, signal: AbortSignal, soon: AbortSignal): Promise<ToolResult>;
  };
}

/** JSON schema of a tool's parameters. */
const Schema = z.looseObject({
  properties: z.record(z.string(), z.looseObject({})),
  required: z.array(z.string()).optional(),
});
type Schema = z.infer<typeof Schema>;

/** Makes a tool out of its parts. */
export function tool<S extends z.ZodObject>(spec: ToolSpec<S>): Tool {
  const { name, description, annotations, input: schema } = spec;
  return {
    name,
    description,
    annotations,
    // check_messages changes what waits, and what waited was of others' doing.
    leavesTraces: annotations.readOnlyHint !== true && name !== "check_messages",
    schema() {
      const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input", override: brief });
      return Schema.parse(rest);
    },
    prepare(input, longestMs = Number.POSITIVE_INFINITY) {
      const parsed = schema.safeParse(parametersOf(spec, input), inWords);
      if (!parsed.success) throw new ToolInputError(inputSentence(spec, parsed.error));
      const waitMs = Math.min(spec.waitMs?.(parsed.data) ?? 0, longestMs);
      return {
        input: parsed.data,
        waitMs,
        run: (session, signal, soon) => spec.run(session, parsed.data, signal, { waitMs, soon }),
      };
    },
  };
}

/** What a description says better, and a model never reads: what it wrote is checked here, in a sentence. */
function brief({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  delete jsonSchema.pattern;
  delete jsonSchema.minLength;
  delete jsonSchema.maxLength;
  if (jsonSchema.anyOf?.every(({ type }) => type === "string")) {
    delete jsonSchema.anyOf;
    jsonSchema.type = "string";
  }
}

/** @throws ToolInputError when it is no object */
function parametersOf(spec: AnySpec, input: unknown): Record<string, unknown> {
  if (isNothing(input)) return {};
  const written = z.record(z.string(), z.unknown()).safeParse(input).data;
  if (written) return asMeant(spec.input.shape, written);
  throw new ToolInputError(`${spec.name}: the arguments have to be an object with its parameters; ${takenBy(spec)}.`);
}

type AnySpec = Pick<ToolSpec<z.ZodObject>, "name" | "input" | "aliases">;

function inputSentence(spec: AnySpec, error: z.ZodError): string {
  const unknown = error.issues.flatMap((issue) => (issue.code === "unrecognized_keys" ? issue.keys : []));
  if (unknown.length > 0) {
    const names = unknown.map((key) => JSON.stringify(plainLine(key, 60))).join(", ");
    return `${spec.name} does not know ${names}; ${takenBy(spec)}.`;
  }
  return `${spec.name}: ${wrongValueText(wrongValues(error))}; ${takenBy(spec)}.`;
}

function takenBy({ input, aliases }: AnySpec): string {
  const taken = Object.keys(input.shape).filter((key) => !aliases?.includes(key));
  return taken.length === 0 ? "it takes no parameters" : `it takes ${taken.join(", ")}`;
}

/** A message's number as models write it: "42", 42 or "#42". */
export function asTyped(value: unknown): unknown {
  if (typeof value === "number") return String(value);
  return typeof value === "string" ? value.trim().replace(/^#/, "") : value;
}
