/** A broker on another machine: believed by its certificate and its proof, and nothing secret is sent before both. */
import { readFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { createServer, type ServerOptions } from "node:https";
import { connect as connectPlain, createServer as createPlain, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { BrokerFile } from "@agentmesh/protocol";
import { freePort, listening, startTestBroker, type TestBroker, tempDir, until } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeAuthority, makeServerPair } from "../../broker/src/tls/certificates.ts";
import { MeshClient, UntrustedBrokerError } from "../src/index.ts";
import {
  authorityAt,
  connect,
  type JoinedMesh,
  openStateFolder,
  pinOf,
  requireBroker,
  writeJoinedMesh,
} from "../src/node/index.ts";

const DAY_MS = 86_400_000;
const TOKEN = `amm_${"t".repeat(43)}`;

let broker: TestBroker;
let url: string;
let ca: string;
beforeAll(async () => {
  broker = await startTestBroker({ args: ["--tls", "127.0.0.1:0", "--allowed-hosts", "broker.example"] });
  ca = (await broker.admin.authority()).ca ?? "";
  const { remoteUrls = [] } = BrokerFile.parse(JSON.parse(readFileSync(join(broker.home, "broker.json"), "utf8")));
  url = remoteUrls[0] ?? "";
});
afterAll(() => broker[Symbol.asyncDispose]());

/** A state folder of a machine that joined the mesh at these addresses. */
function joinedAt(home: string, urls: string[], more: Partial<JoinedMesh> = {}) {
  const folder = openStateFolder(home);
  const machine = `mch_${"0".repeat(32)}`;
  writeJoinedMesh(folder, { version: 1, urls, ca, machine, token: TOKEN, host: "laptop", ...more });
  return folder;
}

/** A stranger over TLS on a free port, which keeps all that it is sent once the handshake is over. */
async function stranger(
  options: ServerOptions,
  answer?: RequestListener,
  { port: at = 0, refused = () => {} }: { readonly port?: number; readonly refused?: () => void } = {},
) {
  const seen: Buffer[] = [];
  const server = createServer(options, answer);
  server.on("secureConnection", (socket: Socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (bytes: Buffer) => seen.push(bytes));
  });
  server.on("tlsClientError", refused);
  const port = at === 0 ? await listening(server) : at;
  if (at !== 0) await new Promise<void>((resolve) => server.listen(at, "127.0.0.1", resolve));
  return {
    url: `https://127.0.0.1:${port}`,
    seen: () => Buffer.concat(seen).toString("latin1"),
    [Symbol.asyncDispose]: () => closed(server),
  };
}

function closed(server: Server & { closeAllConnections?(): void }): Promise<void> {
  server.closeAllConnections?.();
  return new Promise((resolve) => server.close(() => resolve()));
}

/** A port that passes all on to another one of this machine; `first` takes what comes first, and answers it. */
async function relay(port: number, first?: (head: string) => string) {
  const seen: Buffer[] = [];
  const open = new Set<Socket>();
  const server = createPlain((socket) => {
    const pass = (answer = "") => {
      const behind = connectPlain(port, "127.0.0.1", () => {
        socket.write(answer);
        socket.on("data", (bytes) => seen.push(bytes));
        socket.pipe(behind).pipe(socket);
      });
      open.add(behind.on("error", () => socket.destroy()));
    };
    open.add(socket.on("error", () => undefined));
    if (first) socket.once("data", (head) => pass(first(head.toString("latin1"))));
    else pass();
  });
  const own = await listening(server);
  return {
    port: own,
    seen: () => Buffer.concat(seen).toString("latin1"),
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await closed(server);
    },
  };
}

async function refusal(call: Promise<unknown>): Promise<Error> {
  const error = await call.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  if (!(error instanceof Error)) throw new Error("nothing was refused");
  return error;
}

const agentsAt = (at: string, trusted = ca) =>
  refusal(new MeshClient({ url: at, ca: trusted, token: TOKEN, retryForMs: 0, timeoutMs: 3_000 }).listAgents());

test("its certificate is trusted by the authority that is given, and by no other", async () => {
  expect(await new MeshClient({ url, ca }).health()).toMatchObject({ status: "ok" });
  const other = await makeAuthority(Date.now());
  const wrong = await agentsAt(url, other.cert);
  expect(wrong).toBeInstanceOf(UntrustedBrokerError);
  expect(wrong.message).toContain("another authority than the one that this machine");
  const unknown = await refusal(new MeshClient({ url, token: TOKEN, retryForMs: 0 }).listAgents());
  expect(unknown).toBeInstanceOf(UntrustedBrokerError);
  expect(unknown.message).toContain("agentmesh invite there");
});

test("a man in the middle with a certificate of his own learns no token, asked by program and by machine", async () => {
  const authority = await makeAuthority(Date.now());
  const pair = await makeServerPair(authority, ["127.0.0.1"], Date.now(), DAY_MS);
  await using between = await stranger({ ...pair, cert: pair.cert + authority.cert }, (_, response) => {
    response.setHeader("content-type", "application/json");
    response.end('{"status":"ok","version":"0.1.0"}');
  });
  using home = tempDir();
  const folder = joinedAt(home.path, [between.url]);
  const failure = await refusal(connect({ folder, token: TOKEN, retryForMs: 0 }).listAgents());
  expect(failure).toBeInstanceOf(UntrustedBrokerError);
  expect(failure.message).toMatch(/another authority.*Nothing secret was sent.*agentmesh leave/);
  expect((await agentsAt(between.url)).message).toContain("Nothing secret was sent");
  expect(between.seen()).toBe("");
});

test.each([
  ["has ended", { from: -30 * DAY_MS, lifeMs: DAY_MS, names: ["127.0.0.1"] }, /has ended.*clocks/],
  ["begins later", { from: 30 * DAY_MS, lifeMs: DAY_MS, names: ["127.0.0.1"] }, /valid from a later time/],
  [
    "is for other names",
    { from: 0, lifeMs: DAY_MS, names: ["mesh.example"] },
    /not for that name.*--allowed-hosts 127\.0\.0\.1/,
  ],
] as const)("a certificate that %s is refused with its reason, and nothing secret is sent", async (_, terms, said) => {
  const authority = await makeAuthority(Date.now() - 60 * DAY_MS);
  const pair = await makeServerPair(authority, terms.names, Date.now() + terms.from, terms.lifeMs);
  await using server = await stranger(pair);
  const failure = await agentsAt(server.url, authority.cert);
  expect(failure).toBeInstanceOf(UntrustedBrokerError);
  expect(failure.message).toMatch(said);
  expect(failure.message).toContain("Nothing secret was sent");
  expect(server.seen()).toBe("");
});

test("an address where nobody listens, and one that speaks no TLS, are said apart", async () => {
  const nobody = await agentsAt(`https://127.0.0.1:${await freePort()}`);
  expect(nobody.message).toMatch(/ECONNREFUSED/);
  const seen: Buffer[] = [];
  const server = createPlain((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      seen.push(bytes);
      socket.end("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
    });
  });
  const plain = await agentsAt(`https://127.0.0.1:${await listening(server)}`);
  server.close();
  expect(plain).toBeInstanceOf(UntrustedBrokerError);
  expect(plain.message).toContain("does not speak TLS");
  expect(Buffer.concat(seen).toString("latin1")).not.toContain("amm_");
});

test("the authority of a broker that is joined is believed by its pin alone", async () => {
  expect(await authorityAt(url, pinOf(ca))).toBe(ca);
  const other = pinOf((await makeAuthority(Date.now())).cert);
  const wrong = await refusal(authorityAt(url, other));
  expect(wrong).toBeInstanceOf(UntrustedBrokerError);
  expect(wrong.message).toMatch(/another certificate authority than the one that the invite names.*new invite/);
  const authority = await makeAuthority(Date.now());
  const pair = await makeServerPair(authority, ["127.0.0.1"], Date.now(), DAY_MS);
  await using between = await stranger(pair, (_, response) => response.end("x".repeat(1_000_000)));
  await expect(authorityAt(between.url, pinOf(ca))).rejects.toThrow(`${between.url} is no broker`);
  await expect(authorityAt(`https://127.0.0.1:${await freePort()}`, pinOf(ca))).rejects.toThrow("No broker answers");
});

test("a machine that its broker does not know sends no credential, over TLS and in plain", async () => {
  using home = tempDir();
  const folder = joinedAt(home.path, [url]);
  const failure = await refusal(connect({ folder, token: TOKEN, retryForMs: 0 }).listAgents());
  expect(failure).toBeInstanceOf(UntrustedBrokerError);
  expect(failure.message).toMatch(/does not know this machine any more.*Nothing secret was sent.*agentmesh invite/);
  // In plain whoever stands between sees all that is sent.
  await using between = await relay(broker.port);
  const plain = joinedAt(home.path, [`http://127.0.0.1:${between.port}`], { ca: undefined });
  await expect(connect({ folder: plain, token: TOKEN, retryForMs: 0 }).listAgents()).rejects.toThrow(
    UntrustedBrokerError,
  );
  expect(between.seen()).toContain("GET /health");
  expect(between.seen()).not.toMatch(/amm_|authorization/i);
});

test("of several addresses the one that proves itself is found, and what each said is told when none does", async () => {
  using home = tempDir();
  const closedPort = await freePort();
  const folder = joinedAt(home.path, [`https://127.0.0.1:${closedPort}`, `https://127.0.0.1:${await freePort()}`]);
  const failure = await refusal(
    requireBroker(folder, { url: "", local: false, namedBy: folder.joinedFile, joined: joinedMesh(folder) }),
  );
  expect(failure.message).toMatch(
    /No broker answers at any address of the joined mesh: .*ECONNREFUSED.*, .*ECONNREFUSED/,
  );
});

function joinedMesh(folder: ReturnType<typeof openStateFolder>): JoinedMesh {
  return JSON.parse(readFileSync(folder.joinedFile, "utf8"));
}

test("a stream waits while its broker's address is a stranger's, sends that one nothing, and goes on when it is back", async () => {
  const port = await freePort();
  await using own = await startTestBroker({ args: ["--tls", `127.0.0.1:${port}`] });
  const trusted = (await own.admin.authority()).ca ?? "";
  const far = await own.agent("far");
  const client = new MeshClient({ url: `https://127.0.0.1:${port}`, ca: trusted, token: far.token, retryForMs: 0 });
  const came: string[] = [];
  const left = new AbortController();
  const reading = (async () => {
    for await (const delivery of client.inbox({ signal: left.signal })) {
      came.push(delivery.body);
      await delivery.ack();
    }
  })();
  await until(async () => (await own.admin.status()).streams === 1, "the stream to open");
  await own.kill();
  const authority = await makeAuthority(Date.now());
  const pair = await makeServerPair(authority, ["127.0.0.1"], Date.now(), DAY_MS);
  let tried = 0;
  {
    await using away = await stranger(pair, undefined, { port, refused: () => tried++ });
    await until(() => tried >= 2, "the stream to be tried again");
    expect(away.seen()).toBe("");
  }
  await own.start();
  await own.admin
    .register({ name: "near" })
    .then(({ token = "" }) => own.client(token).send({ to: "far", body: "back" }));
  await until(() => came.length === 1, "the message");
  expect(came).toEqual(["back"]);
  left.abort();
  await reading;
});

test("a broker elsewhere is reached through the proxy of the environment, and its certificate is the broker's", async () => {
  const asked: string[] = [];
  await using proxy = await relay(Number(new URL(url).port), (head) => {
    asked.push(head.split("\r\n")[0] ?? "");
    return "HTTP/1.1 200 Connection established\r\n\r\n";
  });
  const before = process.env.HTTPS_PROXY;
  process.env.HTTPS_PROXY = `http://127.0.0.1:${proxy.port}`;
  const at = `https://broker.example:${new URL(url).port}`;
  try {
    expect(await new MeshClient({ url: at, ca, retryForMs: 0 }).health()).toMatchObject({ status: "ok" });
    expect(asked).toEqual([`CONNECT broker.example:${new URL(url).port} HTTP/1.1`]);
    // What stays on this machine asks no proxy, over TLS neither.
    expect(await new MeshClient({ url, ca, retryForMs: 0 }).health()).toMatchObject({ status: "ok" });
    expect(asked).toHaveLength(1);
  } finally {
    if (before === undefined) delete process.env.HTTPS_PROXY;
    else process.env.HTTPS_PROXY = before;
  }
});
