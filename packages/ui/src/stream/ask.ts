/** One call to the broker that serves the page, with what shows that it is the page's: from a tab, or from what tabs share. */

/** A refusal of the broker, in its words. */
export class Refusal extends Error {
  readonly status: number;
  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }
}

/** What a call needs. */
export interface Asked {
  /** The value that the sign-in was answered. */
  readonly value: string;
  readonly method?: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** The answer, whose body is not read yet. @throws Refusal, and TypeError where no broker answers */
export async function askAs(path: string, { value, body, ...init }: Asked): Promise<Response> {
  const answer = await fetch(path, {
    ...init,
    credentials: "same-origin",
    cache: "no-store",
    headers: {
      "agentmesh-page": value,
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (answer.ok) return answer;
  const problem: { detail?: string } = await answer.json().catch(() => ({}));
  throw new Refusal(answer.status, problem.detail ?? `The broker answered ${answer.status}.`);
}
