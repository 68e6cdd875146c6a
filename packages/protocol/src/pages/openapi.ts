/** OpenAPI 3.1 of the endpoint table. */
import * as z from "zod";
import { PAGE_HEADER } from "../access/page.ts";
import { commonErrors, type Endpoint } from "../endpoint.ts";
import { endpoints } from "../endpoints.ts";
import { type ErrorCode, errorTable, PROBLEM_MEDIA_TYPE, Problem } from "../errors.ts";
import { PROTOCOL_VERSION, VERSION } from "../version.ts";
import { CLOUDEVENTS_MEDIA_TYPE } from "../webhook/webhook-event.ts";

type Json = Record<string, unknown>;

/** The whole contract as an OpenAPI 3.1 document (docs/openapi.json, `GET /v1/openapi.json`). */
export function openApiDocument(): Json {
  const pieces = openApiPieces();
  for (;;) {
    const { done, value } = pieces.next();
    if (done) return value;
  }
}

/** The same, an endpoint at a time: who has others to serve has them between. */
export function* openApiPieces(): Generator<undefined, Json> {
  const paths: Record<string, Json> = {};
  for (const [name, row] of Object.entries<Endpoint>(endpoints)) {
    const path = row.path.replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [row.method.toLowerCase()]: operation(name, row) };
    yield;
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "agentmesh broker",
      version: VERSION,
      description: `Wire protocol ${PROTOCOL_VERSION}. Within it only additions happen; readers ignore unknown reply fields.`,
      license: { name: "MIT" },
    },
    servers: [{ url: "http://127.0.0.1:7899" }],
    paths,
    components: {
      schemas: { Problem: schema(Problem, "output") },
      securitySchemes: {
        agentToken: { type: "http", scheme: "bearer", description: "token of one agent: am_…" },
        machineToken: { type: "http", scheme: "bearer", description: "credential of a machine that joined: amm_…" },
        meshKey: { type: "http", scheme: "bearer", description: "key of the mesh: amk_…, in the state folder" },
        page: {
          type: "apiKey",
          in: "cookie",
          name: "agentmesh_ui_PORT",
          description: "of a browser that is signed in",
        },
        pageValue: { type: "apiKey", in: "header", name: PAGE_HEADER, description: "what the sign-in was answered" },
      },
    },
  };
}

function operation(name: string, row: Endpoint): Json {
  return {
    operationId: name,
    summary: row.summary,
    ...(row.access !== "public" && {
      security: [
        ...(row.access === "agent" || row.access === "any" ? [{ agentToken: [] }] : []),
        ...(row.access === "key" || row.access === "any" ? [{ meshKey: [] }] : []),
        ...(row.machine ? [{ machineToken: [] }] : []),
        ...(row.page ? [{ page: [], pageValue: [] }] : []),
      ],
    }),
    parameters: [...parameters(row.params, "path"), ...parameters(row.query, "query")],
    ...(row.body && {
      requestBody: {
        required: true,
        content: {
          "application/json": { schema: schema(row.body, "input") },
          ...(row.takesEvents && { [CLOUDEVENTS_MEDIA_TYPE]: { schema: { type: "object" } } }),
        },
      },
    }),
    responses: {
      [row.status]: {
        description: "done",
        content: row.stream
          ? { "text/event-stream": { schema: { type: "string" }, "x-itemSchema": schema(row.stream, "output") } }
          : { "application/json": { schema: schema(row.reply, "output") } },
      },
      ...problems([...commonErrors, ...row.errors]),
    },
  };
}

function parameters(shape: z.ZodObject | undefined, place: "path" | "query"): Json[] {
  if (!shape) return [];
  return Object.entries(shape.shape).map(([name, field]) => {
    const { description, ...rest } = schema(field as z.ZodType, "input");
    return {
      name,
      in: place,
      required: place === "path" || !(field as z.ZodType).safeParse(undefined).success,
      ...(description !== undefined && { description }),
      schema: rest,
    };
  });
}

function problems(codes: readonly ErrorCode[]): Json {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { status } = errorTable[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus]
      .sort(([a], [b]) => a - b)
      .map(([status, of]) => [
        status,
        {
          description: of.join(", "),
          content: { [PROBLEM_MEDIA_TYPE]: { schema: { $ref: "#/components/schemas/Problem" } } },
        },
      ]),
  );
}

function schema(type: z.ZodType, io: "input" | "output"): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(type, { io, target: "draft-2020-12", unrepresentable: "any" });
  return rest;
}
