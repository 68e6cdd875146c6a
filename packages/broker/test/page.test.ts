/** Signing in at the page, and its files: what opens it, what it may do, what ends it. `callers` has every endpoint by the page. */
import { randomBytes } from "node:crypto";
import { readFileSync, rmSync, statSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { MeshClient } from "@agentmesh/client";
import { OwnSignIn, Problem } from "@agentmesh/protocol";
import { startTestBroker, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(() => broker[Symbol.asyncDispose]());

/** A browser that has signed in, as far as the broker sees. */
interface Browser {
  readonly told: OwnSignIn;
  readonly cookie: string;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** A client that calls as the page does. */
  readonly client: MeshClient;
}

function sent(url: string, code: string): Promise<Response> {
  return fetch(`${url}/v1/ui/sign-in`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: url },
    body: JSON.stringify({ code }),
  });
}

async function browser(code: string, { url } = broker): Promise<Browser> {
  const answer = await sent(url, code);
  expect(answer.status).toBe(200);
  const told = OwnSignIn.parse(await answer.json());
  const cookie = answer.headers.getSetCookie()[0] ?? "";
  const asPage: typeof fetch = (input, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set("cookie", cookie.split(";")[0] ?? "");
    headers.set("agentmesh-page", told.page);
    if ((init.method ?? "GET") !== "GET") headers.set("origin", url);
    return fetch(input, { ...init, headers });
  };
  return {
    ...{ told, cookie },
    fetch: (path, init) => asPage(`${url}${path}`, init),
    client: new MeshClient({ url, fetch: asPage, retryForMs: 0 }),
  };
}

async function person(name: string) {
  const { agent } = await broker.agent(name, { person: true });
  return { agent, code: (await broker.admin.pageCode({ as: agent.id })).code };
}

const problemOf = async (answer: Response) => Problem.parse(await answer.json());

describe("a code", () => {
  test("signs one browser in, which writes as the person and sees everything", async () => {
    const { agent, code } = await person("ada");
    const page = await browser(code);
    expect(page.told).toMatchObject({ readOnly: false, person: { id: agent.id, name: "ada" } });
    expect(page.cookie).toMatch(/^agentmesh_ui_\d+=[\w-]{43}; Path=\/v1; HttpOnly; SameSite=Strict; Max-Age=60\d{4}$/);
    expect(OwnSignIn.parse(await (await page.fetch("/v1/ui/sign-in")).json())).toEqual(page.told);

    const { agent: bob } = await broker.agent("bob");
    await page.client.send({ to: "bob", body: "from the page" });
    const { entries } = await page.client.listInbox({ agent: bob.id });
    expect(entries).toMatchObject([{ message: { body: "from the page", from: { id: agent.id } }, trust: "operator" }]);

    const again = await sent(broker.url, code);
    expect(again.status).toBe(401);
    expect(again.headers.getSetCookie()).toEqual([]);
    expect((await problemOf(again)).detail).toContain("each works once");
  });

  test("of nobody, of an agent that is no person's, or sent by a page of another origin opens nothing", async () => {
    expect((await sent(broker.url, `amc_${randomBytes(32).toString("base64url")}`)).status).toBe(401);
    const { agent } = await broker.agent("program");
    await expect(broker.admin.pageCode({ as: agent.id })).rejects.toMatchObject({ code: "forbidden" });
    const { code } = await broker.admin.pageCode();
    const foreign = await fetch(`${broker.url}/v1/ui/sign-in`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: "http://127.0.0.1:1" },
      body: JSON.stringify({ code }),
    });
    expect(await problemOf(foreign)).toMatchObject({ code: "forbidden_origin" });
    // It was not used by that.
    expect((await browser(code)).told.person).toBeUndefined();
  });

  test("without an agent lets nobody write, and one of an agent that left neither", async () => {
    const page = await browser((await broker.admin.pageCode()).code);
    await broker.agent("eve");
    await expect(page.client.send({ to: "eve", body: "who?" })).rejects.toMatchObject({ code: "forbidden" });
    const { agent, code } = await person("leaver");
    const left = await browser(code);
    await broker.admin.removeAgent({ agent: agent.id });
    await expect(left.client.send({ to: "eve", body: "still?" })).rejects.toMatchObject({ code: "forbidden" });
    expect((await left.client.ownSignIn()).person).toBeUndefined();
  });
});

describe("what is open at the page", () => {
  const events = async (page: Browser) => {
    const answer = await page.fetch("/v1/events");
    expect(answer.status).toBe(200);
    const over = answer.text().then(
      () => true,
      () => true,
    );
    return { over };
  };

  test("ends when it signs out, and nothing is answered any more", async () => {
    const page = await browser((await person("carol")).code);
    const { over } = await events(page);
    const out = await page.fetch("/v1/ui/sign-in", { method: "DELETE" });
    expect(out.status).toBe(200);
    expect(out.headers.getSetCookie()[0]).toContain("Max-Age=0");
    expect(await over).toBe(true);
    expect(await problemOf(await page.fetch("/v1/agents"))).toMatchObject({ code: "unauthenticated" });
  });

  test("by a read-only link changes nothing, and ends with the link", async () => {
    const { code, link = "lnk_none" } = await broker.admin.pageCode({ readOnly: true, forMs: 3_600_000 });
    const [one, other] = [await browser(code), await browser(code)];
    expect(one.told).toMatchObject({ readOnly: true });
    expect(Date.parse(one.told.until) - Date.now()).toBeLessThan(3_600_001);
    await expect(one.client.setPolicy({ agent: "bob", otherwise: "refuse" })).rejects.toMatchObject({
      code: "forbidden",
    });
    const open = [await events(one), await events(other)];
    const { signIns, links } = await broker.admin.listSignIns();
    expect(signIns.filter((each) => each.link === link)).toHaveLength(2);
    expect(links.map(({ id }) => id)).toContain(link);
    expect(await broker.admin.revokeSignIn({ id: link })).toEqual({ ended: 2 });
    expect(await Promise.all(open.map(({ over }) => over))).toEqual([true, true]);
    expect((await sent(broker.url, code)).status).toBe(401);
    expect(await broker.admin.revokeSignIn({ id: link })).toEqual({ ended: 0 });
  });

  test("goes on after a restart of the broker, and not under another mesh key", async () => {
    await using own = await startTestBroker();
    const page = await browser((await own.admin.pageCode()).code, own);
    const link = await own.admin.pageCode({ readOnly: true });
    if (process.platform !== "win32") expect(statSync(join(own.home, "ui.json")).mode & 0o777).toBe(0o600);
    const kept = readFileSync(join(own.home, "ui.json"), "utf8");
    expect(kept).not.toContain(/=([\w-]{43})/.exec(page.cookie)?.[1]);
    expect(kept).not.toContain(link.code);
    await own.kill();
    await own.start();
    expect(await page.client.ownSignIn()).toEqual(page.told);
    await own.kill();
    rmSync(join(own.home, "key"));
    await own.start();
    await expect(page.client.ownSignIn()).rejects.toMatchObject({ code: "unauthenticated" });
    expect((await sent(own.url, link.code)).status).toBe(401);
  });
});

test("who signed in, out, or was refused is in the audit log, and no secret", async () => {
  await using own = await startTestBroker();
  const { code } = await own.admin.pageCode();
  const page = await browser(code, own);
  await sent(own.url, code);
  await page.fetch("/v1/ui/sign-in", { method: "DELETE" });
  const { link, code: looking } = await own.admin.pageCode({ readOnly: true });
  await own.admin.revokeSignIn({ id: link ?? "lnk_none" });
  const acts = async () => (await own.admin.audit()).entries;
  await until(async () => (await acts()).some(({ act }) => act === "page_refused"), "the refusal to be noted");
  const entries = await acts();
  expect(entries.map(({ act }) => act).sort()).toEqual([
    "page_code_made",
    "page_link_made",
    "page_link_revoked",
    "page_refused",
    "page_signed_in",
    "page_signed_out",
  ]);
  expect(entries.find(({ act }) => act === "page_signed_in")?.by).toMatchObject({ kind: "page", address: "127.0.0.1" });
  const text = JSON.stringify(entries);
  for (const secret of [code, looking, page.told.page, own.key]) expect(text).not.toContain(secret);
});

test("the page's files run nothing but themselves, hold no secret and are kept by what is in them", async () => {
  const index = await fetch(`${broker.url}/ui/agents/anything?else`);
  expect(index.status).toBe(200);
  expect(index.headers.get("content-type")).toBe("text/html; charset=utf-8");
  const policy = index.headers.get("content-security-policy") ?? "";
  expect(policy).toContain(
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; connect-src 'self';",
  );
  expect(policy).toContain("require-trusted-types-for 'script'; trusted-types agentmesh; frame-ancestors 'none'");
  expect(policy).not.toContain("unsafe");
  const html = await index.text();
  expect(html).not.toMatch(/<script[^>]*>[^<]|<style|\son\w+=|am[mickv]?_[\w-]{20}/);
  const head = await fetch(`${broker.url}/ui/agents/anything?else`, { method: "HEAD" });
  expect([head.status, await head.text()]).toEqual([200, ""]);
  for (const name of ["content-type", "content-length", "content-security-policy", "cache-control"])
    expect(head.headers.get(name), name).toBe(index.headers.get(name));
  const assets = [...html.matchAll(/(?:src|href)="(\/ui\/assets\/[\w.-]+)"/g)].map(([, path]) => path);
  // What tabs share is named by the script, and runs under the policy that it is itself answered with.
  const scripts = await Promise.all(assets.map(async (path) => (await fetch(`${broker.url}${path}`)).text()));
  assets.push(...scripts.flatMap((text) => [...(/"(\/ui\/assets\/stream-\w+\.js)"/.exec(text) ?? [])].slice(1)));
  expect(assets.length).toBeGreaterThanOrEqual(3);
  for (const path of assets) {
    const asset = await fetch(`${broker.url}${path}`);
    expect(asset.status).toBe(200);
    expect(Object.fromEntries(asset.headers)).toMatchObject({
      "cache-control": "public, max-age=31536000, immutable",
      "content-security-policy": policy,
      "cross-origin-resource-policy": "same-origin",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
    });
  }
  for (const path of ["/ui/assets/none.js", "/ui/assets/..%2Fmain.js", "/ui/assets/%2e%2e%2fkey"]) {
    expect((await fetch(`${broker.url}${path}`)).status).toBe(404);
  }
});

test("what happens within a quarter of a second reaches a browser as one piece, all of it and in its order", async () => {
  const page = await browser((await person("reader")).code);
  const end = new AbortController();
  const stream = await page.fetch("/v1/events", { signal: end.signal });
  let [text, pieces] = ["", 0];
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const piece of stream.body ?? []) {
      text += decoder.decode(piece, { stream: true });
      pieces++;
    }
  })();
  await until(() => text.includes("event: open"), "the stream to open");
  const ids: string[] = [];
  const writer = await broker.agent("writer");
  await broker.agent("written-to");
  const begun = performance.now();
  for (let n = 0; n < 60; n++) {
    ids.push((await writer.client.send({ to: "written-to", body: `part ${n}` })).messageId);
  }
  const last = ids.at(-1) ?? "none";
  await until(() => text.includes(last), "the last of them");
  // The one that opens it, the one that comes first, and what the timers of a busy machine tear apart.
  expect(pieces).toBeLessThan(4 + (performance.now() - begun) / 200);
  const told = [...text.matchAll(/"type":"delivery.accepted".*?"messageId":"(msg_\w+)"/g)].map(([, id]) => id);
  expect(told).toEqual(ids);
  end.abort();
  await reading.catch(() => {});
});

test("a link on another site leads to the page, and nothing else of another site does", async () => {
  const from = (path: string, dest: string) =>
    fetch(`${broker.url}${path}`, { headers: { "sec-fetch-site": "cross-site", "sec-fetch-dest": dest } });
  expect((await from("/ui/needs", "document")).status).toBe(200);
  for (const [path, dest] of [
    ["/ui", "iframe"],
    ["/ui", "empty"],
    ["/ui/assets/none.js", "script"],
    ["/v1/agents", "document"],
  ] as const) {
    expect(await problemOf(await from(path, dest))).toMatchObject({ code: "forbidden_origin" });
  }
});

test("a broker that is told to serve no page signs nobody in", async () => {
  await using own = await startTestBroker({ args: ["--no-ui"] });
  expect(await problemOf(await fetch(`${own.url}/ui`))).toMatchObject({ code: "no_page", status: 404 });
  await expect(own.admin.pageCode()).rejects.toMatchObject({ code: "no_page" });
  expect(await problemOf(await sent(own.url, `amc_${"a".repeat(43)}`))).toMatchObject({ code: "no_page" });
});

test("over TLS the cookie is for TLS alone, and of another port than the plain one's", async () => {
  await using own = await startTestBroker({ args: ["--tls", "127.0.0.1:0"] });
  const { ca } = await own.admin.authority();
  const { code, urls } = await own.admin.pageCode();
  const url = new URL(urls.find((each) => each.startsWith("https://127.0.0.1")) ?? "https://none");
  const cookie = await new Promise<string>((resolve, reject) => {
    const headers = { "content-type": "application/json", origin: url.origin };
    const options = { method: "POST", path: "/v1/ui/sign-in", headers, ...(ca !== undefined && { ca }) };
    const outgoing = request({ host: url.hostname, port: url.port, ...options }, (answer) => {
      answer.resume().once("end", () => resolve(answer.headers["set-cookie"]?.[0] ?? `none: ${answer.statusCode}`));
    });
    outgoing.once("error", reject).end(JSON.stringify({ code }));
  });
  expect(cookie).toMatch(new RegExp(`^agentmesh_ui_${url.port}=.*; Secure$`));
});
