/** One HTTP request as it is written, and what came back: nothing between that would put it right. */
import { request } from "node:http";
import { Problem } from "@agentmesh/protocol";

/** A request. Header names may come twice. */
export interface Call {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: string | Buffer;
}

/** An answer. */
export interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly problem: Problem | undefined;
}

/** Makes a call; a stream is left as soon as it has begun. */
export function made(port: number, { method, target, headers, body }: Call): Promise<Answer> {
  return new Promise((resolve, reject) => {
    // Said also where it is 0: else Node announces a body in pieces.
    const length: Call["headers"] = [["content-length", String(Buffer.byteLength(body ?? ""))]];
    const outgoing = request({
      ...{ host: "127.0.0.1", port, method, path: target, agent: false, setHost: false },
      headers: [...headers, ...length].flat(),
    });
    outgoing.on("response", (response) => {
      const status = response.statusCode ?? 0;
      const type = response.headers["content-type"] ?? "";
      const said = (problem: Problem | undefined) => resolve({ status, headers: response.headers, problem });
      if (type.startsWith("text/event-stream")) {
        said(undefined);
        outgoing.destroy();
        return;
      }
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () =>
        said(type.includes("problem") && text !== "" ? Problem.parse(JSON.parse(text)) : undefined),
      );
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
