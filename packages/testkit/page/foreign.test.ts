/** Who else is in the browser: other sites, other ports of this machine, names that lead here, a page that was signed out. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";
import { until } from "testkit";
import { describe, expect } from "vitest";
import { brokerForAll, browserForAll, openPage, pageTest, REBOUND, shown } from "./browser.ts";
import { addressFor, personOf } from "./meshes.ts";

const broker = brokerForAll();
const browser = browserForAll();

/** A program of this machine that serves an empty page, and keeps the cookies that it is sent. */
async function openOtherPort() {
  const cookies: string[] = [];
  const server = createServer((request, response) => {
    if (request.headers.cookie !== undefined) cookies.push(request.headers.cookie);
    response.setHeader("content-type", "text/html").end("<!doctype html><title>another</title><body></body>");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    cookies,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What the mesh is, as far as a page could change it. */
async function state() {
  const { agents } = await broker().admin.listAgents({ presence: "all" });
  const { deliveries } = await broker().admin.status();
  const { signIns } = await broker().admin.listSignIns();
  const policies = await Promise.all(agents.map(({ id }) => broker().admin.getPolicy({ agent: id })));
  return { agents: agents.map(({ name }) => name).sort(), deliveries, policies, signIns: signIns.length };
}

/** Whatever a site may try, from within its page: each answers what it got to read. */
function attempts(page: Page, target: string): Promise<Record<string, string>> {
  return page.evaluate(async (url) => {
    const read = async (init: RequestInit, path = "/v1/agents") => {
      try {
        const answer = await fetch(`${url}${path}`, { credentials: "include", ...init });
        return answer.type === "opaque" ? "nothing" : `read ${answer.status}`;
      } catch {
        return "nothing";
      }
    };
    const loaded = (element: HTMLElement & { src: string }, path: string) =>
      new Promise<string>((resolve) => {
        element.onload = () => resolve("loaded");
        element.onerror = () => resolve("nothing");
        element.src = `${url}${path}`;
        document.body.append(element);
      });
    const post = JSON.stringify({ to: "victim", body: "from a foreign site" });
    const framed = document.createElement("iframe");
    framed.name = "framed";
    document.body.append(framed);
    const form = (enctype: string, path: string) => {
      const made = document.createElement("form");
      Object.assign(made, { method: "post", enctype, action: `${url}${path}`, target: "framed" });
      const field = document.createElement("input");
      Object.assign(field, { name: post.slice(0, -1), value: '"}' });
      made.append(field);
      document.body.append(made);
      return new Promise<string>((resolve) => {
        framed.onload = () => {
          try {
            resolve(framed.contentDocument?.body.textContent ? "read" : "nothing");
          } catch {
            resolve("nothing");
          }
        };
        made.submit();
      });
    };
    const socket = (path: string) =>
      new Promise<string>((resolve) => {
        const made = new WebSocket(`${url.replace("http", "ws")}${path}`);
        made.onopen = () => resolve("open");
        made.onerror = () => resolve("nothing");
      });
    const events = () =>
      new Promise<string>((resolve) => {
        const made = new EventSource(`${url}/v1/events`, { withCredentials: true });
        made.onopen = () => resolve("open");
        made.onerror = () => {
          made.close();
          resolve("nothing");
        };
      });
    const json = { "content-type": "application/json" };
    return {
      fetch: await read({}),
      "fetch, not to be read": await read({ mode: "no-cors" }),
      "fetch of the sign-in": await read({}, "/v1/ui/sign-in"),
      "a message as JSON": await read({ method: "POST", headers: json, body: post }, "/v1/messages"),
      "a message as text": await read({ method: "POST", mode: "no-cors", body: post }, "/v1/messages"),
      "with the page's header": await read({ headers: { "agentmesh-page": "x" } }),
      "a beacon": String(navigator.sendBeacon(`${url}/v1/messages`, post)) && "nothing",
      "a form": await form("text/plain", "/v1/messages"),
      "a form to sign out": await form("application/x-www-form-urlencoded", "/v1/ui/sign-in"),
      "an image": await loaded(document.createElement("img"), "/v1/agents"),
      "a script": await loaded(document.createElement("script"), "/v1/agents"),
      "the page as a script": await loaded(document.createElement("script"), "/ui"),
      "a socket": await socket("/v1/events"),
      "a socket to the page": await socket("/ui"),
      events: await events(),
    };
  }, target);
}

describe("a foreign site", () => {
  pageTest(
    "reads nothing and changes nothing, by whatever a page can do, although the person is signed in",
    async () => {
      const person = await personOf(broker(), "signed-in");
      await broker().agent("victim");
      await using own = await openPage(browser(), await addressFor(broker(), person));
      await shown(own.page, /\S/);
      await until(async () => (await broker().admin.listSignIns()).signIns.length > 0, "the sign-in");
      await using other = await openOtherPort();
      const before = await state();
      // In the same browser, with its cookies: a tab of another port of this machine, which browsers call the same site.
      const tab = await own.page.context().newPage();
      await tab.goto(other.url);
      const got = await attempts(tab, broker().url);
      expect(Object.entries(got).filter(([, what]) => what !== "nothing")).toEqual([]);
      expect(await state()).toEqual(before);
      // And another site altogether.
      await tab.goto(other.url.replace("127.0.0.1", REBOUND));
      const further = await attempts(tab, broker().url);
      expect(Object.entries(further).filter(([, what]) => what !== "nothing")).toEqual([]);
      expect(await state()).toEqual(before);
    },
  );

  pageTest("that is given the cookie, as every port of this machine may be, opens nothing with it", async () => {
    await using own = await openPage(browser(), await addressFor(broker(), await personOf(broker(), "generous")));
    await until(async () => (await own.page.context().cookies(`${broker().url}/v1`)).length > 0, "the cookie");
    await using other = await openOtherPort();
    const tab = await own.page.context().newPage();
    await tab.goto(other.url);
    expect(other.cookies, "what is sent to its start page").toEqual([]);
    await tab.evaluate(() => fetch("/v1/anything"));
    const [cookie = ""] = other.cookies;
    expect(cookie).toContain("agentmesh_ui_");
    for (const path of ["/v1/ui/sign-in", "/v1/agents", "/v1/messages", "/v1/events"]) {
      expect((await fetch(`${broker().url}${path}`, { headers: { cookie } })).status, path).toBe(401);
    }
    expect(await own.page.evaluate(() => document.cookie)).toBe("");
  });

  pageTest("whose name leads to this machine is refused the page and everything else", async () => {
    await using rebound = await openPage(browser(), `http://${REBOUND}:${broker().port}/ui`);
    expect(await rebound.page.locator("body").textContent()).toContain("forbidden_host");
    const status = await rebound.page.evaluate(async () => (await fetch("/v1/agents")).status);
    expect(status).toBe(421);
  });

  pageTest("may lead to the page, and not frame it", async () => {
    await using other = await openOtherPort();
    await using site = await openPage(browser(), other.url);
    /** What stands in a frame of the site once it has loaded an address, or was refused it. */
    const framed = async (url: string) => {
      await site.page.evaluate(
        (src) =>
          new Promise<void>((resolve) => {
            const made = document.createElement("iframe");
            made.onload = () => resolve();
            made.src = src;
            document.body.replaceChildren(made);
          }),
        url,
      );
      const inside = site.page.frames().find((each) => each !== site.page.mainFrame());
      return inside?.content();
    };
    expect(await framed(`${other.url}/another`), "what may be framed").toContain("<title>another</title>");
    const page = await framed(`${broker().url}/ui`);
    expect(page).toBeDefined();
    expect(page).not.toContain("/ui/assets/");
    await site.page.evaluate((url) => {
      location.href = url;
    }, `${broker().url}/ui`);
    await site.page.waitForURL(`${broker().url}/ui*`);
    expect(await site.page.title()).toContain("agentmesh");
  });
});

describe("an address with a code", () => {
  pageTest("signs one browser in, leaves no code in the address, and no second browser", async () => {
    const address = await addressFor(broker(), await personOf(broker(), "once"));
    await using first = await openPage(browser(), address);
    await until(async () => !first.page.url().includes("code="), "the code to leave the address");
    const ask = (page: Page) =>
      page.evaluate(async () => {
        const headers = { "agentmesh-page": localStorage.getItem("agentmesh-page") ?? "" };
        return (await fetch("/v1/agents", { headers })).status;
      });
    await until(async () => (await ask(first.page)) === 200, "the first browser to be signed in");
    await first.page.reload();
    expect(await ask(first.page)).toBe(200);
    await using second = await openPage(browser(), address);
    await until(async () => !second.page.url().includes("code="), "the code to leave the address there, too");
    expect(await ask(second.page)).toBe(401);
    const kept = await first.page.evaluate(() =>
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]),
    );
    expect(kept).not.toContain(broker().key);
    expect(kept).not.toMatch(/am[ackvm]?_[\w-]{20}/);

    await first.page.evaluate(async () => {
      const headers = { "agentmesh-page": localStorage.getItem("agentmesh-page") ?? "" };
      await fetch("/v1/ui/sign-in", { method: "DELETE", headers });
    });
    expect(await ask(first.page)).toBe(401);
    await first.page.reload();
    expect(await ask(first.page)).toBe(401);
  });
});
