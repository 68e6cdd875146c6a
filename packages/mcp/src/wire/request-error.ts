/** The error that answers a request of the client. */
import type { ErrorCode } from "@modelcontextprotocol/sdk/types.js";

/** An error as JSON-RPC carries it; the SDK's own puts its code into the message, and clients put it there again. */
export class RequestError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
