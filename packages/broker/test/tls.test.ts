/** A broker that listens over TLS beside loopback: one broker, two listeners, and what is held on both of them. */
import { createHash, X509Certificate } from "node:crypto";
import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { MeshClient } from "@agentmesh/client";
import { BrokerFile } from "@agentmesh/protocol";
import { cleanEnv, freePort, runProgram, startTestBroker, type TestBroker, tempDir, until } from "testkit";
import { expect, test } from "vitest";
import { httpLimits } from "../src/http/budgets/limits.ts";
import { makeAuthority, makeServerPair } from "../src/tls/certificates.ts";

const TLS = ["--tls", "127.0.0.1:0"];

/** Where a broker is reached over TLS, and its authority. */
async function overTls(broker: TestBroker) {
  const { remoteUrls = [] } = BrokerFile.parse(JSON.parse(readFileSync(join(broker.home, "broker.json"), "utf8")));
  const { ca = "" } = await broker.admin.authority();
  const url = new URL(remoteUrls[0] ?? "");
  return { url: url.origin, port: Number(url.port), ca, urls: remoteUrls };
}

/** One GET over a connection of its own. */
function got(url: string, ca: string, headers: Record<string, string> = {}): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    // A Host header that says another name is no matter of the certificate here.
    const asOther = headers.host === undefined ? {} : { servername: "", checkServerIdentity: () => undefined };
    const asked = request(url, { ca, headers, agent: false, ...asOther }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    asked.on("error", reject).end();
  });
}

/** The certificate that a new connection is shown. */
function shown(port: number): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      const certificate = socket.getPeerX509Certificate();
      socket.destroy();
      if (certificate) resolve(certificate);
      else reject(new Error("nothing was shown"));
    });
    socket.on("error", reject);
  });
}

/** Linux alone has all of 127.0.0.0/8 by itself. */
const loopbacks = process.platform === "linux" ? ["127.0.0.1", "127.0.0.2"] : ["127.0.0.1"];

test.each(loopbacks)(
  "loopback in plain and TLS on %s are listened on at once, said where asked for, and are one broker",
  async (host) => {
    await using broker = await startTestBroker({ args: ["--tls", `${host}:0`] });
    const { url, port, ca, urls } = await overTls(broker);
    expect(urls).toEqual([`https://${host}:${port}`]);
    const pin = createHash("sha256").update(new X509Certificate(ca).raw).digest("hex");
    expect((await broker.admin.status()).remote).toMatchObject({ urls, pin });
    for (const name of host === "127.0.0.1" ? [host, "localhost"] : [host]) {
      expect(await got(`https://${name}:${port}/livez`, ca)).toEqual({ status: 200, text: '{"status":"ok"}' });
    }
    const near = await broker.agent("near");
    const far = await broker.agent("far");
    const remote = new MeshClient({ url, ca, token: far.token, retryForMs: 0 });
    await remote.send({ to: "near", body: "over TLS" });
    const { deliveries } = await near.client.lease();
    expect(deliveries.map(({ message }) => message.body)).toEqual(["over TLS"]);
    for (const { id } of deliveries) await near.client.ack({ delivery: id });
  },
);

test("what the guard refuses on loopback it refuses over TLS", async () => {
  await using broker = await startTestBroker({ args: TLS });
  const { url, ca, port } = await overTls(broker);
  expect(await got(`${url}/health`, ca, { host: "evil.example" })).toMatchObject({ status: 421 });
  // The other listener's port is no name of this one.
  expect(await got(`${url}/health`, ca, { host: `127.0.0.1:${broker.port}` })).toMatchObject({ status: 421 });
  expect(await got(`${url}/health`, ca, { origin: url })).toMatchObject({ status: 403 });
  expect(await got(`${url}/v1/status`, ca)).toMatchObject({ status: 401 });
  expect(await got(`${url}/v1/status?token=x`, ca)).toMatchObject({ status: 400 });
  // A webhook leads to neither of the broker's own ports.
  await broker.agent("hooked");
  for (const own of [port, broker.port]) {
    const set = broker.admin.setWebhook({ agent: "hooked", url: `http://127.0.0.1:${own}/` });
    await expect(set).rejects.toMatchObject({ code: "webhook_url_forbidden" });
  }
});

test("its authority and its certificate stay through a restart, 0600 in a folder of 0700", async () => {
  await using broker = await startTestBroker({ args: TLS });
  const before = { ca: (await overTls(broker)).ca, cert: (await shown((await overTls(broker)).port)).fingerprint256 };
  const file = (name: string) => join(broker.home, "tls", name);
  if (process.platform !== "win32") {
    expect(statSync(join(broker.home, "tls")).mode & 0o777).toBe(0o700);
    for (const name of ["ca.pem", "ca.key", "server.pem", "server.key"])
      expect(statSync(file(name)).mode & 0o777).toBe(0o600);
  }
  await broker.kill("SIGTERM");
  await broker.start();
  const after = await overTls(broker);
  expect({ ca: after.ca, cert: (await shown(after.port)).fingerprint256 }).toEqual(before);
  // Without the one that is shown a new one is made; the authority that machines trust is the same.
  await broker.kill("SIGTERM");
  rmSync(file("server.key"));
  await broker.start();
  const anew = await overTls(broker);
  expect(anew.ca).toBe(before.ca);
  expect((await shown(anew.port)).fingerprint256).not.toBe(before.cert);
  expect(broker.log()).not.toContain("PRIVATE KEY");
});

test("a certificate is renewed before it ends, under a stream that stays open", async () => {
  await using broker = await startTestBroker({ args: [...TLS, "--tls-certificate-ms", "6000"] });
  const { url, port, ca } = await overTls(broker);
  const { token } = await broker.agent("far");
  const notices: string[] = [];
  const remote = new MeshClient({ url, ca, token, retryForMs: 0 });
  const first = await shown(port);
  const left = new AbortController();
  const came: string[] = [];
  const reading = (async () => {
    for await (const delivery of remote.inbox({ signal: left.signal, onNotice: (notice) => notices.push(notice) })) {
      came.push(delivery.body);
      await delivery.ack();
    }
  })();
  await until(async () => (await broker.admin.status()).streams === 1, "the stream to open");
  await until(async () => (await shown(port)).fingerprint256 !== first.fingerprint256, "another certificate");
  const next = await shown(port);
  expect(Date.parse(next.validTo)).toBeGreaterThan(Date.parse(first.validTo));
  expect(next.checkIssued(new X509Certificate(ca))).toBe(true);
  await broker.agent("near").then(({ client }) => client.send({ to: "far", body: "behind the renewal" }));
  await until(() => came.length === 1, "the message");
  expect([came, notices]).toEqual([["behind the renewal"], []]);
  left.abort();
  await reading;
});

test("files of one's own are shown, and again when they change; a half-changed pair is not", async () => {
  using files = tempDir();
  const [cert, key] = [join(files.path, "cert.pem"), join(files.path, "key.pem")];
  const authority = await makeAuthority(Date.now());
  const pair = () => makeServerPair(authority, ["mesh.example", "127.0.0.1"], Date.now(), 30 * 86_400_000);
  const [one, other] = [await pair(), await pair()];
  writeFileSync(cert, one.cert + authority.cert);
  writeFileSync(key, one.key);
  const args = [...TLS, "--tls-cert", cert, "--tls-key", key, "--tls-certificate-ms", "2000"];
  await using broker = await startTestBroker({ args });
  const { ca, port } = await overTls(broker);
  expect(new X509Certificate(ca).fingerprint256).toBe(new X509Certificate(authority.cert).fingerprint256);
  expect(await got(`https://127.0.0.1:${port}/livez`, authority.cert)).toMatchObject({ status: 200 });
  expect(await got(`https://127.0.0.1:${port}/livez`, authority.cert, { host: `mesh.example:${port}` })).toMatchObject({
    status: 200,
  });
  writeFileSync(cert, other.cert + authority.cert);
  await until(() => broker.log().includes('"tls.not_renewed"'), "the broker to notice half of a pair");
  expect((await shown(port)).fingerprint256).toBe(new X509Certificate(one.cert).fingerprint256);
  writeFileSync(key, other.key);
  const fingerprint = new X509Certificate(other.cert).fingerprint256;
  await until(async () => (await shown(port)).fingerprint256 === fingerprint, "the other certificate");
});

test("who begins handshakes and ends none, or speaks no TLS, keeps nobody out", async () => {
  await using broker = await startTestBroker({ args: TLS });
  const { url, port, ca } = await overTls(broker);
  const crowd: Socket[] = [];
  let closed = 0;
  for (let i = 0; i < httpLimits.handshakes + 20; i++) {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => undefined).on("close", () => closed++);
    crowd.push(socket);
  }
  await until(() => closed >= 20, "the oldest to make room");
  expect(await got(`${url}/livez`, ca)).toMatchObject({ status: 200 });
  for (const socket of crowd) socket.destroy();
  const plain = connect(port, "127.0.0.1", () => plain.write("GET /livez HTTP/1.1\r\nhost: x\r\n\r\n"));
  let answer = "";
  await new Promise<void>((resolve) =>
    plain
      .on("data", (bytes) => (answer += bytes))
      .on("error", () => {})
      .on("close", () => resolve()),
  );
  expect(answer).not.toContain("HTTP/1.1 200");
  expect(await got(`${url}/livez`, ca)).toMatchObject({ status: 200 });
  expect((await broker.admin.health()).status).toBe("ok");
});

test("a stop ends what is open over TLS too", async () => {
  await using broker = await startTestBroker({ args: TLS });
  const { url, port, ca } = await overTls(broker);
  const { token } = await broker.agent("far");
  const remote = new MeshClient({ url, ca, token, retryForMs: 0 });
  const notices: string[] = [];
  const left = new AbortController();
  const reading = (async () => {
    const options = { signal: left.signal, onNotice: (notice: string) => notices.push(notice) };
    for await (const delivery of remote.inbox(options)) await delivery.ack();
  })();
  const idle = connectTls({ host: "127.0.0.1", port, ca }).on("error", () => undefined);
  const over = new Promise<void>((resolve) => idle.on("close", () => resolve()));
  await until(async () => (await broker.admin.status()).streams === 1, "the stream to open");
  expect(await broker.kill("SIGTERM")).toMatchObject({ code: 0 });
  await over;
  left.abort();
  await reading;
});

/** A broker that does not start: how it ended, and what it said. */
async function refused(home: string, args: readonly string[], env: Record<string, string> = {}) {
  const ended = await runProgram("broker", ["--port", "0", ...args], {
    env: cleanEnv({ AGENTMESH_HOME: home, AGENTMESH_BALLAST_BYTES: "0", ...env }),
  });
  return { code: ended.code, said: ended.stderr };
}

test.each([
  ["with --legacy", ["--tls", "127.0.0.1:0", "--legacy"], 78, "Leave out --legacy"],
  ["at a place that is none", ["--tls", "7900:127.0.0.1"], 2, "[HOST:]PORT such as 7900"],
  ["at a port that browsers refuse", ["--tls", "127.0.0.1:6000"], 2, "a port that fetch and browsers connect to"],
  ["with a certificate and no key", ["--tls", "127.0.0.1:0", "--tls-cert", "/c.pem"], 2, "go together"],
  ["with files and no place", ["--tls-cert", "/c.pem", "--tls-key", "/k.pem"], 2, "--tls [HOST:]PORT"],
  [
    "with files that are not there",
    ["--tls", "127.0.0.1:0", "--tls-cert", "/c.pem", "--tls-key", "/k.pem"],
    2,
    "/c.pem",
  ],
] as const)("is refused %s, and says what to do", async (_, args, code, said) => {
  using home = tempDir();
  const ended = await refused(home.path, args);
  expect(ended).toMatchObject({ code, said: expect.stringContaining(said) });
});

test("is refused on a port that is taken, and nothing else stays behind", async () => {
  await using broker = await startTestBroker();
  using home = tempDir();
  expect(await refused(home.path, ["--tls", `127.0.0.1:${broker.port}`])).toMatchObject({
    code: 4,
    said: expect.stringContaining("Name another one with --tls"),
  });
});

test("is refused with an authority whose key is gone, another's, or open to others", async () => {
  using home = tempDir();
  const port = String(await freePort());
  const key = join(home.path, "tls", "ca.key");
  await (await startTestBroker({ home: home.path, args: TLS }))[Symbol.asyncDispose]();
  const kept = readFileSync(key, "utf8");
  const without = async () => refused(home.path, ["--tls", `127.0.0.1:${port}`]);
  rmSync(key);
  expect(await without()).toMatchObject({ code: 77, said: expect.stringContaining("ca.key is missing") });
  writeFileSync(key, (await makeAuthority(Date.now())).key, { mode: 0o600 });
  expect(await without()).toMatchObject({ code: 77, said: expect.stringContaining("is not the key of") });
  writeFileSync(key, kept);
  if (process.platform !== "win32") {
    chmodSync(key, 0o644);
    expect(await without()).toMatchObject({ code: 77, said: expect.stringContaining(`chmod 600 ${key}`) });
  }
});
