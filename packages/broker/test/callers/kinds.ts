/** The kinds of caller: what each makes of a valid call, and what it is to be answered by the rule of the endpoint. */
import { type Endpoint, type ErrorCode, endpoints, MAX_REQUEST_BYTES } from "@agentmesh/protocol";
import type { Example, Ground, Row, SignedIn } from "./ground.ts";
import type { Call } from "./wire.ts";

/** `admitted`: answered with the endpoint's own status. A number is a status without a problem. */
export type Expected = "admitted" | ErrorCode | number;

/** One kind of caller. */
export interface Kind {
  /** Which endpoints it can call at all. */
  readonly of?: (row: Row) => boolean;
  readonly call: (example: Example, ground: Ground, row: Row) => Call;
  readonly expected: (row: Row) => Expected;
}

type Headers = Call["headers"];
const bearer = (token: string | SignedIn): Headers => [["authorization", `Bearer ${textOf(token)}`]];
const textOf = (owner: string | SignedIn) => (typeof owner === "string" ? owner : owner.cookie);
const originOf = ({ broker }: Ground): Headers[number] => ["origin", `http://127.0.0.1:${broker.port}`];

/** What a browser sends for its page. */
function byPage({ cookie, value }: SignedIn, ground: Ground, { endpoint }: Row): Headers {
  const shown: Headers = [
    ["cookie", cookie],
    ["agentmesh-page", value],
  ];
  return endpoint.method === "GET" ? shown : [...shown, originOf(ground)];
}

/** What opens a call of the page itself is no token. */
const authOf = ({ owner }: Example, ground: Ground, row: Row) =>
  typeof owner === "string" ? bearer(owner) : byPage(owner, ground, row);
/** Where the call is the page's its origin comes with it, and that is refused where there is no route. */
const isByToken = ({ access }: Row) => access !== "page";
const guarded = ({ access }: Row) => access !== "public";
const hasBody = ({ endpoint }: Row) => endpoint.body !== undefined;

/** A call of this example with these headers for the token, and others in place of the usual ones. */
function asked(example: Example, ground: Ground, row: Row, given: Partial<Call> & { auth?: Headers; host?: Headers }) {
  const { broker } = ground;
  const {
    auth = authOf(example, ground, row),
    host = [["host", `127.0.0.1:${broker.port}`]],
    headers = [],
    ...rest
  } = given;
  const body = example.body && JSON.stringify(example.body);
  const typed = headers.some(([name]) => name === "content-type");
  const type: Headers = body !== undefined && !typed ? [["content-type", "application/json"]] : [];
  return {
    method: row.endpoint.method,
    target: example.path,
    ...(body !== undefined && { body }),
    headers: [...host, ...auth, ...type, ...example.headers, ...headers],
    ...rest,
  };
}

/** Whoever shows no valid token: let in by what is public alone. */
function stranger(auth: (ground: Ground, example: Example) => Headers): Kind {
  return {
    call: (example, ground, row) => asked(example, ground, row, { auth: auth(ground, example) }),
    expected: (row) => (guarded(row) ? "unauthenticated" : "admitted"),
  };
}

/** The owner, or the operator where it is the operator's, with something wrong about the request. */
function flawed(
  code: Exclude<Expected, "admitted">,
  flaw: (example: Example, ground: Ground, row: Row) => Partial<Call> & { host?: Headers },
  of?: Kind["of"],
): Kind {
  return {
    ...(of && { of }),
    call: (example, ground, row) => asked(example, ground, row, flaw(example, ground, row)),
    expected: () => code,
  };
}

const anotherAgent = (token: (ground: Ground) => string): Kind => ({
  call: (example, ground, row) => asked(example, ground, row, { auth: bearer(token(ground)) }),
  expected: ({ inOtherHands }) => (inOtherHands === "its own" ? "admitted" : inOtherHands),
});

/** A machine's credential: for the endpoints that say so, and there for the agents of its machine. */
const aMachine = (token: (ground: Ground) => string, isOwners: boolean): Kind => ({
  call: (example, ground, row) => asked(example, ground, row, { auth: bearer(token(ground)) }),
  expected: (row) => {
    if (!guarded(row)) return "admitted";
    if (!row.endpoint.machine) return "forbidden";
    if (row.byMachine !== undefined) return row.byMachine === "its own" ? "admitted" : row.byMachine;
    return isOwners || row.inOtherHands === "its own" ? "admitted" : row.inOtherHands;
  },
});

/** The page: as the operator, or as the person where an agent's token is asked for; and nothing that is not the page's. */
const aPage = (signedIn: (ground: Ground) => SignedIn, isLooking: boolean): Kind => ({
  call: (example, ground, row) => asked(example, ground, row, { auth: byPage(signedIn(ground), ground, row) }),
  expected: (row) => {
    const { endpoint, access, inOtherHands } = row;
    const isLook = endpoint.method === "GET";
    if (!endpoint.page && !isLook) return "forbidden_origin";
    if (!guarded(row)) return "admitted";
    if (!endpoint.page || (isLooking && !isLook && access !== "page")) return "forbidden";
    return access !== "agent" || inOtherHands === "its own" ? "admitted" : inOtherHands;
  },
});

/** A browser that does not show what the page's shows. */
const noPage = (auth: (ground: Ground) => Headers, code: ErrorCode): Kind => ({
  of: guarded,
  call: (example, ground, row) => asked(example, ground, row, { auth: auth(ground) }),
  expected: () => code,
});

/** Whoever was put out of the mesh for good. */
const revoked = (token: (ground: Ground) => string): Kind => ({
  call: (example, ground, row) => asked(example, ground, row, { auth: bearer(token(ground)) }),
  expected: (row) => (guarded(row) ? "token_revoked" : "admitted"),
});

/** Joins with the secret of another invite than the call's own. */
const joining = (code: ErrorCode, secret: (ground: Ground) => string): Kind =>
  flawed(
    code,
    ({ body }, ground) => ({ body: JSON.stringify({ ...body, secret: secret(ground) }) }),
    ({ name }) => name === "joinMesh",
  );

/** A method that no endpoint of this path knows. */
function wrongMethod({ endpoint }: Row): string {
  const shape = (path: string) => path.replace(/:\w+/g, ":");
  const fits = (row: Endpoint) =>
    shape(row.path) === shape(endpoint.path) ||
    new RegExp(`^${endpoint.path.replace(/:\w+/g, "[^/]+")}$`).test(row.path);
  const known = Object.values<Endpoint>(endpoints)
    .filter(fits)
    .map(({ method }) => method as string);
  return ["PATCH", "PUT", "DELETE"].find((method) => !known.includes(method)) ?? "TRACE";
}

function withKeyTwice(body: object): string {
  const text = JSON.stringify(body);
  const [[key, value] = ["extra", 1]] = Object.entries(body);
  const again = `${JSON.stringify(key)}:${JSON.stringify(value)}`;
  return text === "{}" ? `{${again},${again}}` : text.replace(/\}$/, `,${again}}`);
}

/** Every kind by its name. */
export const kinds: Record<string, Kind> = {
  "the owner of what it is about": {
    call: (example, ground, row) => asked(example, ground, row, {}),
    expected: () => "admitted",
  },
  "another agent": anotherAgent(({ other }) => other.token),
  "a peer of the predecessor's wire": anotherAgent(({ peer }) => peer),
  "the mesh key": {
    call: (example, ground, row) => asked(example, ground, row, { auth: bearer(ground.broker.key) }),
    expected: ({ access }) => (access === "agent" || access === "page" ? "forbidden" : "admitted"),
  },
  "an agent where the mesh key is asked for": {
    of: ({ access }) => access === "key",
    call: (example, ground, row) => asked(example, ground, row, { auth: bearer(ground.other.token) }),
    expected: () => "forbidden",
  },

  "the machine of whom it is about": aMachine(({ machine }) => machine, true),
  "another machine": aMachine(({ otherMachine }) => otherMachine, false),
  "a machine that was put out": revoked((ground) => ground.revokedMachine),
  "an agent that was put out": revoked((ground) => ground.revoked),
  "an agent whose machine was put out": revoked((ground) => ground.revokedWithMachine),
  "an agent by the token before its own, while that is good": anotherAgent(({ exchanged }) => exchanged.agent),
  "a machine by the credential before its own, while that is good": aMachine(
    ({ exchanged }) => exchanged.machine,
    false,
  ),
  "an agent by the token before its own, whose time is over": stranger(({ expired }) => bearer(expired.agent)),
  "a machine by the credential before its own, whose time is over": stranger(({ expired }) => bearer(expired.machine)),
  "the secret of an invite in place of a token": stranger(({ openInvite }) => bearer(openInvite)),
  "whoever joins by an invite that was used": joining("invite_over", ({ usedInvite }) => usedInvite),
  "whoever joins by an invite that was taken back": joining("invite_over", ({ takenBackInvite }) => takenBackInvite),
  "whoever joins by no invite": joining("unauthenticated", () => `ami_${"a".repeat(43)}`),

  "the page by its cookie": aPage(({ page }) => page, false),
  "a page that is there to look": aPage(({ lookingPage }) => lookingPage, true),
  "a page that was signed out": noPage(
    ({ signedOutPage: { cookie, value } }) => [
      ["cookie", cookie],
      ["agentmesh-page", value],
    ],
    "unauthenticated",
  ),
  "the page's cookie alone": noPage(({ page }) => [["cookie", page.cookie]], "unauthenticated"),
  "the page's cookie with another page's value": noPage(
    ({ page, lookingPage }) => [
      ["cookie", page.cookie],
      ["agentmesh-page", lookingPage.value],
    ],
    "unauthenticated",
  ),
  "the page's value alone": noPage(({ page }) => [["agentmesh-page", page.value]], "unauthenticated"),
  "the page's cookie on a page of another port": noPage(
    ({ page }) => [
      ["cookie", page.cookie],
      ["agentmesh-page", page.value],
      ["origin", "http://127.0.0.1:1"],
    ],
    "forbidden_origin",
  ),
  "the page's cookie in a frame of another site": noPage(
    ({ page }) => [
      ["cookie", page.cookie],
      ["agentmesh-page", page.value],
      ["sec-fetch-site", "same-site"],
    ],
    "forbidden_origin",
  ),
  "the page's origin with a token": flawed(
    "forbidden_origin",
    (_, ground) => ({ headers: [originOf(ground)] }),
    ({ access }) => access !== "public" && access !== "page",
  ),

  "nobody: no token": stranger(() => []),
  "a wrong token": stranger(({ other }) => bearer(`${other.token.slice(0, -4)}AAAA`)),
  "a token with something behind it": stranger((_, { owner }) => bearer(`${textOf(owner)}x`)),
  "a removed agent's token": stranger(({ removed }) => bearer(removed)),
  "a valid token under another scheme": stranger((_, { owner }) => [["authorization", `Basic ${textOf(owner)}`]]),
  "a scheme in small letters": stranger((_, { owner }) => [["authorization", `bearer ${textOf(owner)}`]]),
  "a scheme without a token": stranger(() => [["authorization", "Bearer"]]),
  "a token of nobody, as long as they may be": stranger(() => bearer("a".repeat(150))),
  "two tokens, one of them valid": stranger((_, { owner }) => [...bearer(owner), ...bearer("a".repeat(47))]),
  "a proxy that says who it calls for": stranger(() => [
    ["x-forwarded-for", "127.0.0.1"],
    ["x-forwarded-user", "owner"],
  ]),
  "a name and id in place of a token": stranger(({ other }) => [
    ["x-agent", other.agent.name],
    ["cookie", `token=${other.token}`],
  ]),

  "a token in the URL": flawed(
    "invalid_request",
    ({ path, owner }) => ({ target: `${path}${path.includes("?") ? "&" : "?"}token=${textOf(owner)}` }),
    guarded,
  ),
  "a web page": flawed("forbidden_origin", () => ({ headers: [["origin", "https://example.org"]] })),
  "a page without an origin": flawed("forbidden_origin", () => ({ headers: [["origin", "null"]] })),
  "a page of another site": flawed("forbidden_origin", () => ({ headers: [["sec-fetch-site", "cross-site"]] })),
  "a preflight": flawed("forbidden_origin", () => ({ method: "OPTIONS" })),
  "a Host of another name": flawed("forbidden_host", () => ({ host: [["host", "mesh.example.org"]] })),
  "a Host of another port": flawed("forbidden_host", () => ({ host: [["host", "127.0.0.1:1"]] })),
  "two Hosts": flawed("invalid_request", (_, { broker }) => ({
    host: [
      ["host", `127.0.0.1:${broker.port}`],
      ["host", "mesh.example.org"],
    ],
  })),
  "a whole URL in the request line": flawed("forbidden_host", ({ path }, { broker }) => ({
    target: `http://127.0.0.1:${broker.port}${path}`,
  })),
  "a header of 64 KiB": flawed(431, () => ({ headers: [["x-long", "x".repeat(65_536)]] })),
  "another method": flawed("method_not_allowed", (_example, _ground, row) => ({ method: wrongMethod(row) }), isByToken),
  HEAD: flawed(
    405,
    () => ({ method: "HEAD" }),
    (row) => !row.endpoint.stream && isByToken(row),
  ),
  "another version of the protocol": flawed("unsupported_protocol", () => ({ headers: [["agentmesh-protocol", "2"]] })),
  "a form": flawed("unsupported_media_type", ({ body }) => ({
    headers: [["content-type", "application/x-www-form-urlencoded"]],
    body: JSON.stringify(body ?? {}),
  })),
  "JSON that calls itself text": flawed(
    "unsupported_media_type",
    () => ({ headers: [["content-type", "text/plain"]] }),
    hasBody,
  ),
  "a key that stands twice": flawed("invalid_request", ({ body }) => ({ body: withKeyTwice(body ?? {}) }), hasBody),
  "a field nobody knows": flawed(
    "invalid_request",
    ({ body }) => ({ body: JSON.stringify({ ...body, unheardOf: 1 }) }),
    hasBody,
  ),
  "no JSON": flawed("invalid_request", () => ({ body: '{"body":' }), hasBody),
  "no UTF-8": flawed("invalid_request", () => ({ body: Buffer.from('{"x":"\xe9"}', "latin1") }), hasBody),
  "a body beyond the limit": flawed(
    "body_too_large",
    () => ({ body: JSON.stringify({ x: "x".repeat(MAX_REQUEST_BYTES) }) }),
    hasBody,
  ),
  "a parameter nobody knows": flawed(
    "invalid_request",
    ({ path }) => ({ target: `${path}${path.includes("?") ? "&" : "?"}unheardof=1` }),
    ({ endpoint }) => endpoint.query !== undefined,
  ),
};
