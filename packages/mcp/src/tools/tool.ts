/** What a tool is, and how its parameters are read. */
import { Urgency } from "@agentmesh/protocol";
import { z } from "zod";
import type { JoinedSession } from "../join.ts";
import { ToolInputError } from "../remedy.ts";

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

/** A tool with its parameters and what it does. */
export interface ToolSpec<S extends z.ZodObject> {
  readonly name: string;
  readonly description: string;
  readonly annotations: ToolHints;
  readonly input: S;
  /** Other spellings of parameters that are taken but not advertised in errors. */
  readonly aliases?: readonly string[];
  run(session: JoinedSession, input: z.output<S>, signal: AbortSignal): Promise<ToolResult>;
  /** How long the call is meant to wait beyond an answer of the broker, in milliseconds. */
  waitMs?(input: z.output<S>): number;
}

/** A tool that takes whatever a model wrote. */
export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly annotations: ToolHints;
  /** The parameters, each with its schema. */
  readonly parameters: z.ZodRawShape;
  /** JSON schema of the parameters. */
  schema(): Record<string, unknown>;
  /** @throws ToolInputError, MeshApiError, BrokerUnreachableError */
  prepare(input: unknown): {
    readonly waitMs: number;
    run(session: JoinedSession, signal: AbortSignal): Promise<ToolResult>;
  };
}

/** Makes a tool out of its parts. */
export function tool<S extends z.ZodObject>(spec: ToolSpec<S>): Tool {
  const { name, description, annotations, input: schema } = spec;
  return {
    name,
    description,
    annotations,
    parameters: schema.shape,
    schema() {
      const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input", override: brief });
      return rest;
    },
    prepare(input) {
      const parsed = schema.safeParse(input ?? {});
      if (!parsed.success) throw new ToolInputError(inputSentence(spec, parsed.error));
      return {
        waitMs: spec.waitMs?.(parsed.data) ?? 0,
        run: (session, signal) => spec.run(session, parsed.data, signal),
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

function inputSentence(spec: Pick<ToolSpec<z.ZodObject>, "name" | "input" | "aliases">, error: z.ZodError): string {
  const taken = Object.keys(spec.input.shape).filter((key) => !spec.aliases?.includes(key));
  const takes = taken.length === 0 ? "it takes no parameters" : `it takes ${taken.join(", ")}`;
  const unknown = error.issues.flatMap((issue) => (issue.code === "unrecognized_keys" ? issue.keys : []));
  if (unknown.length > 0) {
    return `${spec.name} does not know ${unknown.map((key) => JSON.stringify(key.slice(0, 60))).join(", ")}; ${takes}.`;
  }
  const wrong = error.issues.map((issue) => [issue.path.join("."), issue.message].filter(Boolean).join(": "));
  return `${spec.name}: ${wrong.join("; ")}; ${takes}.`;
}

/** A message's number as models write it: "42", 42 or "#42". */
export function asTyped(value: unknown): unknown {
  if (typeof value === "number") return String(value);
  return typeof value === "string" ? value.trim().replace(/^#/, "") : value;
}
