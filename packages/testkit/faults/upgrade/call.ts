/** Calls of a broker of another build by bare HTTP: what its endpoints give may be older than the client. */
import * as z from "zod";

/** One call with a body or none; gives what was answered as JSON. @throws Error with the answer of a refusal */
export type Call = (method: string, path: string, token: string, body?: object) => Promise<unknown>;

/** Calls at an address. */
export function callsAt(url: string): Call {
  return async (method, path, token, body) => {
    const headers = { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) };
    const init = { method, headers, ...(body && { body: JSON.stringify(body) }) };
    const answer = await fetch(url + path, init);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  };
}

/** What of the answers is used. */
export const Answers = {
  agent: z.object({ token: z.string() }),
  session: z.object({ session: z.object({ id: z.string() }) }),
  sent: z.object({ messageId: z.string() }),
  leased: z.object({
    deliveries: z.array(z.object({ id: z.string(), receipt: z.string(), message: z.object({ id: z.string() }) })),
  }),
  held: z.object({ entries: z.array(z.object({ id: z.string() })) }),
  status: z.object({
    deliveries: z.record(z.string(), z.int()),
    storage: z.object({ backups: z.array(z.object({ path: z.string() })).optional() }),
  }),
};
