/** `agentmesh ui --demo`: a recorded mesh with six kinds of what waits, on a broker of its own, of which nothing is left. */
import { readdirSync } from "node:fs";
import { Need, OwnSignIn } from "@agentmesh/protocol";
import { tempDir, until } from "testkit";
import { expect, test } from "vitest";
import * as z from "zod";
import { startCli } from "./run-cli.ts";

const Status = z.object({ deliveries: z.object({ acked: z.int() }) });
const Needs = z.object({ needs: z.array(Need) });

test("a demonstration is a mesh of its own in which things wait and happen, and nothing of it is left", async () => {
  using home = tempDir();
  using temporary = tempDir();
  const running = startCli(home.path, ["ui", "--demo", "--json"], { TMPDIR: temporary.path });
  const address = await until(() => /"address": "([^"]+)"/.exec(running.stdout())?.[1], "the address");
  const { origin, hash } = new URL(address);
  const signedIn = await fetch(`${origin}/v1/ui/sign-in`, {
    method: "POST",
    headers: { "content-type": "application/json", origin },
    body: JSON.stringify({ code: new URLSearchParams(hash.slice(1)).get("code") }),
  });
  const { page, person, readOnly } = OwnSignIn.parse(await signedIn.json());
  expect([person?.name, readOnly]).toEqual(["you", false]);
  const headers = { cookie: signedIn.headers.get("set-cookie")?.split(";")[0] ?? "", "agentmesh-page": page };
  const look = async (path: string) => (await fetch(`${origin}${path}`, { headers })).json();
  const kinds = async () => new Set(Needs.parse(await look("/v1/needs")).needs.map(({ kind }) => kind));
  const wanted = ["question", "held", "dead", "deadlock", "overdue", "push"];
  await until(async () => {
    const found = await kinds();
    return wanted.every((kind) => found.has(kind));
  }, "something of each kind");
  const acked = async () => Status.parse(await look("/v1/status")).deliveries.acked;
  const before = await acked();
  await until(async () => (await acked()) > before, "what they say to be acked");
  // Node may keep what it compiled there.
  const made = () => readdirSync(temporary.path).filter((name) => name !== "node-compile-cache");
  expect(made()).toHaveLength(1);
  running.child.kill("SIGINT");
  expect(await running.exit).toMatchObject({ code: 0 });
  expect(made()).toEqual([]);
  expect(readdirSync(home.path)).toEqual([]);
  await expect(fetch(`${origin}/health`)).rejects.toThrow();
});
