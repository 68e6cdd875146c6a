/** Broken brokers, made of a real one and a network that lies: each breaks one promise. */
type Fetch = typeof fetch;

/** What a broken broker does with one call. */
type Break = (path: string, init: RequestInit, forward: () => Promise<Response>) => Promise<Response>;

function faulty(act: Break): Fetch {
  return async (input, init = {}) => {
    const { pathname } = new URL(String(input));
    return act(pathname, init, () => fetch(input, init));
  };
}

const isSend = (path: string, { method }: RequestInit) => path === "/v1/messages" && method === "POST";
const MANY_ACKS = "/v1/inbox/acks";

/** What a call acks, as it names it: one delivery, many, or none. */
function ackedBy(path: string, { body }: RequestInit): string[] {
  if (path.endsWith("/ack")) return [decodeURIComponent(path.split("/").at(-2) ?? "")];
  if (path !== MANY_ACKS) return [];
  const { acks } = JSON.parse(String(body)) as { acks: { delivery: string }[] };
  return acks.map(({ delivery }) => delivery);
}

const isStream = (path: string) => path === "/v1/inbox/stream";

function answer(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
}

/** Changes the JSON of a request. */
function changed(init: RequestInit, change: (body: Record<string, unknown>) => void): RequestInit {
  const body = JSON.parse(String(init.body)) as Record<string, unknown>;
  change(body);
  return { ...init, body: JSON.stringify(body) };
}

/** Changes the events of a stream; each is a text that ends with an empty line. */
function events(response: Response, change: (event: string, write: (event: string) => void) => void): Response {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  let rest = "";
  const body = response.body?.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n\n");
        rest = parts.pop() ?? "";
        const write = (event: string) => {
          try {
            controller.enqueue(encoder.encode(event));
          } catch {} // the stream has ended
        };
        for (const part of parts) change(`${part}\n\n`, write);
      },
    }),
  );
  return new Response(body ?? null, { status: response.status, headers: response.headers });
}

const isDelivery = (event: string) => event.startsWith("event: delivery");

/** Answers one send in `every` with a made-up id and stores nothing. */
export function dropsSends(every: number): Fetch {
  let n = 0;
  let real: Record<string, unknown> | undefined;
  return faulty(async (path, init, forward) => {
    if (!isSend(path, init)) return forward();
    if (real && ++n % every === 0) return answer(202, { ...real, messageId: `msg_${"0".repeat(24)}${10_000_000 + n}` });
    const response = await forward();
    if (response.ok) real = (await response.clone().json()) as Record<string, unknown>;
    return response;
  });
}

/** Answers acks and keeps them to itself: they are gone with the next kill. */
export function acksBeforeDurable(): Fetch {
  let real: Record<string, unknown> | undefined;
  return faulty(async (path, init, forward) => {
    const acked = ackedBy(path, init);
    if (acked.length === 0) return forward();
    if (real) return answer(200, path === MANY_ACKS ? { results: acked.map(() => real) } : real);
    const response = await forward();
    if (response.ok && path !== MANY_ACKS) real = (await response.clone().json()) as Record<string, unknown>;
    return response;
  });
}

/** Puts one message in `every` into another inbox. */
export function swapsRecipients(base: string, every: number, other: string): Fetch {
  let n = 0;
  return faulty((path, init, forward) => {
    if (!isSend(path, init) || ++n % every !== 0) return forward();
    return fetch(
      base + path,
      changed(init, (body) => Object.assign(body, { to: other })),
    );
  });
}

/** Loses the answer of one send in `every`, and knows nothing of its idempotency key when it is tried again. */
export function forgetsKeys(base: string, every: number): Fetch {
  let n = 0;
  const forgotten = new Set<unknown>();
  return faulty(async (path, init, forward) => {
    if (!isSend(path, init)) return forward();
    const { idempotencyKey } = JSON.parse(String(init.body)) as Record<string, unknown>;
    if (forgotten.has(idempotencyKey)) {
      const other = changed(init, (body) => Object.assign(body, { idempotencyKey: crypto.randomUUID() }));
      return fetch(base + path, other);
    }
    if (++n % every !== 0) return forward();
    forgotten.add(idempotencyKey);
    await (await forward()).text();
    throw new TypeError("the answer is lost");
  });
}

/** Lets one delivery in `every` wait until the next has passed. */
export function reorders(every: number): Fetch {
  let n = 0;
  return faulty(async (path, _init, forward) => {
    if (!isStream(path)) return forward();
    let held: string | undefined;
    return events(await forward(), (event, write) => {
      if (isDelivery(event) && held === undefined && ++n % every === 0) {
        held = event;
        return;
      }
      write(event);
      if (held !== undefined) write(held);
      held = undefined;
    });
  });
}

/** Delivers one in `every` once more when its ack has been answered. */
export function repeatsAcked(every: number): Fetch {
  let n = 0;
  const again = new Map<string, () => void>();
  return faulty(async (path, init, forward) => {
    const response = await forward();
    const repeats = ackedBy(path, init).flatMap((id) => again.get(id) ?? []);
    if (repeats.length > 0 && response.ok) {
      // The whole answer is here: the receiver has written it down long before this timer.
      const body = await response.json();
      setTimeout(() => {
        for (const repeat of repeats) repeat();
      }, 50);
      return answer(response.status, body);
    }
    if (!isStream(path)) return response;
    return events(response, (event, write) => {
      write(event);
      const id = /"id":"(dlv_[^"]+)"/.exec(event)?.[1];
      if (id && ++n % every === 0) again.set(id, () => write(event));
    });
  });
}

/** Says of no delivery that it came before. */
export function hidesRedelivery(): Fetch {
  return faulty(async (path, _init, forward) => {
    if (!isStream(path)) return forward();
    return events(await forward(), (event, write) => write(event.replace('"redelivered":true', '"redelivered":false')));
  });
}

/** Delivers now and then what nobody sent. */
export function inventsMessages(every: number): Fetch {
  let n = 0;
  return faulty(async (path, _init, forward) => {
    if (!isStream(path)) return forward();
    return events(await forward(), (event, write) =>
      write(isDelivery(event) && ++n % every === 0 ? event.replace(/("body":"[^"]*)"/, '$1000"') : event),
    );
  });
}
