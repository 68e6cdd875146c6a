/** The error that answers a request, of the client or to it. */

/** Codes of JSON-RPC 2.0, and the one that MCP libraries give to what was not answered in time. */
export const ERROR = {
  unparsable: -32_700,
  invalidRequest: -32_600,
  unknownMethod: -32_601,
  invalidParams: -32_602,
  internal: -32_603,
  late: -32_001,
} as const;

/** An error as JSON-RPC carries it: its code stands beside its message, not in it. */
export class RequestError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
