/** Errors → problem answers (RFC 9457). The only place that makes one. */
import {
  type ErrorCode,
  endpoints,
  errorTable,
  MAX_REQUEST_BYTES,
  PROBLEM_MEDIA_TYPE,
  type Problem,
  systemRefusal,
  wrongValues,
  wrongValueText,
} from "@agentmesh/protocol";
import type { FastifyBaseLogger, FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ZodError } from "zod";
import { MeshError } from "../../mesh/errors.ts";

/** Answers every error and every unknown route with a problem. Unknown errors become `internal`, their stack stays in the log. */
export function problems(app: FastifyInstance): void {
  app.setErrorHandler(sendProblem);
  app.setNotFoundHandler((request) => {
    throw missing(request);
  });
}

/** A request as far as a problem speaks of it. */
export interface Asked {
  readonly id: string;
  readonly log: Pick<FastifyBaseLogger, "debug" | "error">;
  readonly method: string;
  /** The path of its row. */
  readonly route: string;
}

/** A problem as it is answered. */
export interface ProblemAnswer {
  readonly status: number;
  readonly retryAfterS: number | undefined;
  readonly text: string;
}

/** Answers an error with its problem; also one that the router meets before there is a route with a handler. */
export function sendProblem(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, retryAfterS, text } = problemAnswer(error, askedBy(request));
  if (retryAfterS !== undefined) reply.header("retry-after", retryAfterS);
  return reply.code(status).header("content-type", PROBLEM_MEDIA_TYPE).send(text);
}

/** What a problem says of a request. */
export function askedBy({ id, log, method, routeOptions }: FastifyRequest): Asked {
  return { id, log, method, route: routeOptions.url ?? "" };
}

/** The answer to a request that an error ended; it is in the log from then on. */
export function problemAnswer(error: unknown, asked: Asked): ProblemAnswer {
  const problem = problemOf(error, asked);
  const { status, code, retryAfterMs } = problem;
  asked.log[status >= 500 && code !== "shutting_down" ? "error" : "debug"](
    { method: asked.method, route: asked.route, code },
    "request.refused",
  );
  const retryAfterS = retryAfterMs === undefined ? undefined : Math.ceil(retryAfterMs / 1_000);
  return { status, retryAfterS, text: JSON.stringify(problem) };
}

/** The problem of one entry of a call that is answered all the same. */
export function problemOf(error: unknown, asked: Asked): Problem {
  const said = describe(error instanceof Error ? error : new Error(String(error)), asked);
  const { status, title, retryable } = errorTable[said.code];
  return {
    type: `urn:agentmesh:problem:${said.code}`,
    title,
    status,
    instance: asked.id,
    retryable,
    ...said,
  };
}

type Described = Pick<Problem, "detail" | "issues" | "nearNames" | "retryAfterMs"> & { readonly code: ErrorCode };

function describe(error: Error & Partial<Pick<FastifyError, "code" | "statusCode">>, asked: Asked): Described {
  if (error instanceof MeshError) {
    const { nearNames, retryAfterMs } = error.extras;
    return {
      code: error.code,
      detail: error.message,
      ...(nearNames && { nearNames: [...nearNames] }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    };
  }
  if (error instanceof ZodError) {
    const issues = wrongValues(error);
    const said = wrongValueText(issues);
    return { code: "invalid_request", detail: `The request is not of the right form: ${said}.`, issues };
  }
  const known = fastifyCodes[error.code ?? ""];
  if (known) return known;
  if (error.statusCode !== undefined && error.statusCode < 500) {
    return { code: "invalid_request", detail: "The body is not valid JSON." };
  }
  asked.log.error({ err: error }, "request.failed");
  const refusal = systemRefusal(error);
  const why = refusal ? `: its system said that ${refusal.cause} (${refusal.code}). ${refusal.remedy} Its` : "; its";
  return { code: "internal", detail: `The broker failed${why} log has the reason under request ${asked.id}.` };
}

const fastifyCodes: Record<string, Described> = {
  FST_ERR_CTP_BODY_TOO_LARGE: {
    code: "body_too_large",
    detail: `The request is larger than ${MAX_REQUEST_BYTES} bytes. Nothing was stored. Send a shorter text, or put it in a file and send its path.`,
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: "unsupported_media_type",
    detail: 'Send the body as JSON, with "content-type: application/json".',
  },
  FST_ERR_BAD_URL: {
    code: "invalid_request",
    detail: "The path is no valid URL: a % in it stands before two hex digits of UTF-8. Encode each part of it.",
  },
  FST_ERR_MAX_PARAM_LENGTH: { code: "invalid_request", detail: "A part of the path is too long." },
};

/** The error for a path that the table does not have, or not with this method. */
export function missing(request: FastifyRequest): MeshError {
  const path = (request.raw.url ?? "").split("?")[0] ?? "";
  const methods = Object.values(endpoints)
    .filter((row) => new RegExp(`^${row.path.replace(/:\w+/g, "[^/]+")}$`).test(path))
    .map((row) => row.method);
  return methods.length > 0
    ? new MeshError("method_not_allowed", `${path} knows ${methods.join(", ")}, not ${request.method}.`)
    : new MeshError("route_not_found", `There is no ${path} here. The contract: GET /v1/openapi.json`);
}
