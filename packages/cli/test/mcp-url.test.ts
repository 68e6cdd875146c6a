/** The entry by which a client connects by URL: what is printed for each client opens `/mcp` as the agent, and nothing else. */
import { parse as parseToml } from "smol-toml";
import { startTestBroker, type TestBroker } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { cli } from "./run-cli.ts";

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(() => broker[Symbol.asyncDispose]());

const Server = z.object({ url: z.string(), type: z.string().optional() });
const headers = z.object({ Authorization: z.string() });
const Entry = z.union([
  z
    .object({ mcpServers: z.object({ agentmesh: Server.extend({ headers }) }) })
    .transform((e) => e.mcpServers.agentmesh),
  z.object({ mcp: z.object({ agentmesh: Server.extend({ headers }) }) }).transform((e) => e.mcp.agentmesh),
  z
    .object({ mcp_servers: z.object({ agentmesh: Server.extend({ http_headers: headers }) }) })
    .transform(({ mcp_servers: { agentmesh: server } }) => ({ ...server, headers: server.http_headers })),
]);

/** Who the owner of an entry is, as the tool says it. */
async function whoami(entry: string): Promise<string> {
  const { url, headers } = Entry.parse(entry.startsWith("{") ? JSON.parse(entry) : parseToml(entry));
  const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "whoami", arguments: {} } };
  const answer = await fetch(url, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json", accept: "application/json, text/event-stream" },
    body: JSON.stringify(call),
  });
  expect(answer.status).toBe(200);
  return answer.text();
}

test("what is printed for each client opens /mcp as the agent; a second time it is the same agent and token", async () => {
  for (const name of ["claude", "codex", "gemini", "opencode", "other"]) {
    const args = ["mcp-url", `desk-${name}`, "--for", name];
    const { code, stdout, stderr } = await cli(broker.home, args);
    expect([code, stderr]).toEqual([0, expect.stringContaining("Whoever reads the token acts as")]);
    expect(await whoami(stdout)).toContain(`desk-${name}`);
    if (name === "other") expect((await cli(broker.home, args)).stdout).toBe(stdout);
  }
  const { person } = await broker.admin.getAgent({ agent: "desk-other" });
  expect(person).toBeUndefined();
});

test("a name that another agent has, a person is called by, or none can have, is refused, and no token is printed", async () => {
  await broker.agent("reviewer");
  await cli(broker.home, ["agent", "add", "maria"]);
  const refusals = [
    ["reviewer", 5, /Another agent is named reviewer/],
    ["cli", 5, /cli is a person's: .* agentmesh mcp-url cli-desk/],
    ["maria", 5, /maria is a person's: /],
    ["No Name", 2, /"No Name" cannot be an agent's name/],
  ] as const;
  for (const [name, code, said] of refusals) {
    const refused = await cli(broker.home, ["mcp-url", name]);
    expect({ ...refused, stderr: refused.stderr.replace(/\s+/g, " ") }).toEqual({
      ...{ code, stdout: "", stderr: expect.stringMatching(said) },
    });
  }
  // Whoever acts as cli later is the person, and nobody else has that token.
  expect((await broker.admin.listAgents()).agents.map(({ name }) => name)).not.toContain("cli");
});
