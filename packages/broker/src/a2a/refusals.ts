/** Refusals as A2A 1.0 has them: its own reasons, and what the mesh refuses in its own words. */
import { errorTable } from "@agentmesh/protocol";
import { MeshError } from "../mesh/errors.ts";

interface ReasonRow {
  /** Of JSON-RPC. */
  readonly code: number;
  readonly httpStatus: number;
  /** As google.rpc.Code calls it. */
  readonly status: string;
}

const reasons = {
  PARSE_ERROR: { code: -32700, httpStatus: 400, status: "INVALID_ARGUMENT" },
  INVALID_REQUEST: { code: -32600, httpStatus: 400, status: "INVALID_ARGUMENT" },
  METHOD_NOT_FOUND: { code: -32601, httpStatus: 404, status: "UNIMPLEMENTED" },
  INVALID_PARAMS: { code: -32602, httpStatus: 400, status: "INVALID_ARGUMENT" },
  TASK_NOT_FOUND: { code: -32001, httpStatus: 404, status: "NOT_FOUND" },
  TASK_NOT_CANCELABLE: { code: -32002, httpStatus: 400, status: "FAILED_PRECONDITION" },
  UNSUPPORTED_OPERATION: { code: -32004, httpStatus: 400, status: "FAILED_PRECONDITION" },
  CONTENT_TYPE_NOT_SUPPORTED: { code: -32005, httpStatus: 400, status: "INVALID_ARGUMENT" },
  EXTENDED_AGENT_CARD_NOT_CONFIGURED: { code: -32007, httpStatus: 400, status: "FAILED_PRECONDITION" },
  VERSION_NOT_SUPPORTED: { code: -32009, httpStatus: 400, status: "FAILED_PRECONDITION" },
} as const satisfies Record<string, ReasonRow>;

/** A reason of A2A or of JSON-RPC. */
export type Reason = keyof typeof reasons;

/** What JSON-RPC leaves to servers: refusals of the mesh that A2A has no reason for. */
const OURS = -32000;

/** Refused as A2A says it. */
export class A2aRefusal extends Error {
  override readonly name = "A2aRefusal";
  readonly reason: Reason;

  constructor(reason: Reason, detail: string) {
    super(detail);
    this.reason = reason;
  }
}

/** A refusal in both forms of the wire. */
export interface Said extends ReasonRow {
  readonly message: string;
  readonly details: readonly object[];
  readonly retryAfterMs?: number;
}

/** What is said of an error; undefined for one that is no refusal, which is the broker's own. */
export function saidOf(error: unknown): Said | undefined {
  if (error instanceof A2aRefusal) return said(reasons[error.reason], error.message, info(error.reason));
  if (!(error instanceof MeshError)) return undefined;
  const { retryAfterMs } = error.extras;
  const known = KNOWN[error.code];
  if (known) return said(reasons[known], error.message, info(known));
  const { status } = errorTable[error.code];
  return {
    ...said(
      { code: OURS, httpStatus: status, status: STATUSES[status] ?? "FAILED_PRECONDITION" },
      error.message,
      info(error.code.toUpperCase(), "agentmesh"),
    ),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

/** Codes of the mesh that A2A has a reason for. */
const KNOWN: Readonly<Partial<Record<MeshError["code"], Reason>>> = {
  message_not_found: "TASK_NOT_FOUND",
  other_life: "TASK_NOT_FOUND",
  already_leased: "TASK_NOT_CANCELABLE",
  delivery_settled: "TASK_NOT_CANCELABLE",
  invalid_request: "INVALID_PARAMS",
};

const STATUSES: Readonly<Record<number, string>> = {
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  409: "ABORTED",
  413: "INVALID_ARGUMENT",
  422: "INVALID_ARGUMENT",
  429: "RESOURCE_EXHAUSTED",
  500: "INTERNAL",
  503: "UNAVAILABLE",
  507: "RESOURCE_EXHAUSTED",
};

function said(row: ReasonRow, message: string, detail: object): Said {
  return { ...row, message, details: [detail] };
}

function info(reason: string, domain = "a2a-protocol.org"): object {
  return { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason, domain };
}
