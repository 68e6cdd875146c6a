/** Calls to this machine against real servers: every spelling, streams, refusals, broken connections. */
import { getEventListeners } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { directFetch } from "@agentmesh/client";
import { locate, openStateFolder } from "@agentmesh/client/node";
import { listening, tempDir, until } from "testkit";
import { describe, expect, test } from "vitest";

/** A server of the outside world; tells of each request its Host and body. */
async function serve(host: string, listener: RequestListener = tells): Promise<{ port: number } & AsyncDisposable> {
  const server = createServer(listener);
  const port = await listening(server, host);
  return {
    port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const tells: RequestListener = async (request, response) => {
  const body = (await request.toArray()).join("");
  response.setHeader("set-cookie", ["a=1", "b=2"]);
  response.end(JSON.stringify({ host: request.headers.host, method: request.method, url: request.url, body }));
};

describe("a call to this machine", () => {
  test.each([
    ["127.0.0.1", "127.0.0.1", "127.0.0.1"],
    ["0x7f.1", "127.0.0.1", "127.0.0.1"],
    ["2130706433", "127.0.0.1", "127.0.0.1"],
    ["[::ffff:127.0.0.1]", "127.0.0.1", "127.0.0.1"],
    ["127.0.0.7", "127.0.0.7", "127.0.0.7"],
    ["LOCALHOST", "127.0.0.1", "localhost"],
    ["localhost.", "127.0.0.1", "localhost"],
    ["mesh.localhost", "127.0.0.1", "mesh.localhost"],
    ["[0:0:0:0:0:0:0:1]", "::1", "[::1]"],
    ["0.0.0.0", "127.0.0.1", "127.0.0.1"],
    ["[::]", "::1", "[::1]"],
  ])("spelled %s reaches what listens on %s, as %s", async (spelled, listens, named) => {
    await using server = await serve(listens);
    const response = await directFetch(`http://${spelled}:${server.port}/a?b=ü`, { method: "POST", body: "größer" });
    expect(await response.json()).toEqual({
      host: `${named}:${server.port}`,
      method: "POST",
      url: "/a?b=%C3%BC",
      body: "größer",
    });
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  });

  test("whose URL has no port goes to port 80 or 443, and names no port", async () => {
    const refusal = await directFetch("http://127.211.1.2/x").catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: "ECONNREFUSED", port: 80 });
    expect(await directFetch("https://127.211.1.2/x").catch((error: unknown) => error)).toMatchObject({ port: 443 });
  });

  test("that is answered without a body has none, with one that is not read it can be left", async () => {
    await using server = await serve("127.0.0.1", (request, response) => {
      response.writeHead(Number(request.url?.slice(1))).end(request.url === "/204" ? undefined : "x".repeat(1_000_000));
    });
    const none = await directFetch(`http://127.0.0.1:${server.port}/204`);
    expect([none.status, none.body]).toEqual([204, null]);
    const left = await directFetch(`http://127.0.0.1:${server.port}/500`);
    await left.body?.cancel();
    expect((await directFetch(`http://127.0.0.1:${server.port}/404`)).ok).toBe(false);
  });

  test("is not sent on by a redirect", async () => {
    await using server = await serve("127.0.0.1", (_, response) => {
      response.writeHead(307, { location: "http://example.com/" }).end();
    });
    await expect(directFetch(`http://127.0.0.1:${server.port}/`)).rejects.toThrow(/not followed/);
  });

  test("ends with the signal's reason: before it, while it waits, and in the midst of a stream", async () => {
    let gone = 0;
    await using server = await serve("127.0.0.1", (request, response) => {
      response.once("close", () => gone++);
      if (request.url === "/stream") response.write("first");
    });
    const base = `http://127.0.0.1:${server.port}`;
    await expect(directFetch(base, { signal: AbortSignal.abort(new Error("too late")) })).rejects.toThrow("too late");
    await expect(directFetch(base, { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      name: "TimeoutError",
    });

    const stop = new AbortController();
    const reader = (await directFetch(`${base}/stream`, { signal: stop.signal })).body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe("first");
    stop.abort(new Error("enough"));
    await expect(reader?.read()).rejects.toThrow("enough");
    await until(() => gone === 2, "both connections to be closed");
  });

  test("leaves one listener on a signal that lives on, however many calls there were", async () => {
    await using server = await serve("127.0.0.1");
    const { signal } = new AbortController();
    for (const url of [`http://127.0.0.1:${server.port}`, "http://127.211.1.2:1", `http://127.0.0.1:${server.port}`]) {
      const response = await directFetch(url, { signal }).catch(() => undefined);
      await response?.text();
      expect(getEventListeners(signal, "abort")).toHaveLength(1);
    }
  });

  test("whose answer breaks off fails while it is read", async () => {
    await using server = await serve("127.0.0.1", (_, response) => {
      response.writeHead(200, { "content-length": "100" }).write("half");
      setTimeout(() => response.destroy(), 20);
    });
    const response = await directFetch(`http://127.0.0.1:${server.port}`);
    await expect(response.text()).rejects.toThrow();
  });
});

test("an address is local when a broker of ours may listen there, and is spelled in one way", () => {
  using folder = tempDir();
  const at = (said: string) => {
    const { url, local } = locate(openStateFolder(folder.path), {}, said);
    return { url, local };
  };
  expect(at("http://LOCALHOST.:7899/x")).toEqual({ url: "http://localhost:7899", local: true });
  expect(at("http://0x7f.1:2")).toEqual({ url: "http://127.0.0.1:2", local: true });
  expect(at("http://[::ffff:127.0.0.1]:2")).toEqual({ url: "http://127.0.0.1:2", local: true });
  expect(at("http://127.0.0.9:2")).toEqual({ url: "http://127.0.0.9:2", local: true });
  expect(at("http://[::1]")).toEqual({ url: "http://[::1]", local: true });
  // What a broker that listens everywhere says, a proxy's name, TLS: nothing that is started by itself.
  for (const url of [
    "http://0.0.0.0:7899",
    "http://mesh.localhost:80",
    "https://localhost:7899",
    "http://127.example",
  ]) {
    expect(at(url)).toEqual({ url: new URL(url).origin, local: false });
  }
});
