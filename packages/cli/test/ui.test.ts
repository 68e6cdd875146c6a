/** `agentmesh ui`: the page's address with a code, links that only look, and how they are ended. */
import { OwnSignIn } from "@agentmesh/protocol";
import { startTestBroker, type TestBroker } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cli } from "./run-cli.ts";

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(() => broker[Symbol.asyncDispose]());

async function signedIn(address: string) {
  const code = new URLSearchParams(new URL(address).hash.slice(1)).get("code");
  const answer = await fetch(`${broker.url}/v1/ui/sign-in`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: broker.url },
    body: JSON.stringify({ code }),
  });
  return answer.ok ? OwnSignIn.parse(await answer.json()) : answer.status;
}

test("ui prints the page's address alone, which signs one browser in as the person", async () => {
  const { code, stdout } = await cli(broker.home, ["ui", "--print"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${broker.port}/ui#code=amc_[\\w-]{43}\n$`));
  expect(await signedIn(stdout.trim())).toMatchObject({ readOnly: false, person: { name: "cli" } });
  expect(await signedIn(stdout.trim())).toBe(401);
  const { stdout: tokens } = await cli(broker.home, ["tokens"]);
  expect(tokens).toMatch(/a browser at the page +the page, as you/);
});

test("a model that runs ui gets a page at which nobody writes", async () => {
  const { stdout, stderr } = await cli(broker.home, ["ui", "--json"], { CLAUDECODE: "1" });
  expect(stderr.replace(/\s+/g, " ")).toContain("nobody writes as you");
  const told = await signedIn(JSON.parse(stdout).address);
  expect(told).toMatchObject({ readOnly: false });
  expect(told).not.toHaveProperty("person");
});

test("a read-only link is listed, and revoked by its id with the browsers that came by it", async () => {
  const { stdout } = await cli(broker.home, ["ui", "--read-only", "--for", "2h", "--json"]);
  const { address, link, until } = JSON.parse(stdout);
  expect(Date.parse(until) - Date.now()).toBeGreaterThan(7_000_000);
  expect(await signedIn(address)).toMatchObject({ readOnly: true });
  const listed = JSON.parse((await cli(broker.home, ["tokens", "--json"])).stdout);
  expect(listed.tokens).toContainEqual(expect.objectContaining({ of: "a read-only link", id: link }));
  const revoked = await cli(broker.home, ["revoke", link]);
  expect(revoked).toMatchObject({ code: 0 });
  expect((revoked.stdout + revoked.stderr).replace(/\s+/g, " ")).toContain("A browser is signed out by that.");
  expect(await signedIn(address)).toBe(401);
});

test("a time without a read-only link is refused, and on a broker without a page it says why", async () => {
  const refused = await cli(broker.home, ["ui", "--for", "2h"]);
  expect(refused).toMatchObject({ code: 2, stdout: "" });
  expect(refused.stderr).toContain("--read-only");
  await using own = await startTestBroker({ args: ["--no-ui"] });
  const none = await cli(own.home, ["ui"]);
  expect(none.code).not.toBe(0);
  expect(none.stderr.replace(/\s+/g, " ")).toContain("--no-ui");
});
