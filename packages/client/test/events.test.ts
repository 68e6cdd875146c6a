/** The client's loop over events against a server of the outside world: what is lost, what is back, and what is gone. */
import { createServer, type ServerResponse } from "node:http";
import { type EventsNews, MeshClient } from "@agentmesh/client";
import type { MeshEvent } from "@agentmesh/protocol";
import { listening } from "testkit";
import { expect, test } from "vitest";

const problem = (code: string, status: number) =>
  JSON.stringify({ type: "x", title: "x", status, detail: code, instance: "r", code, retryable: false });

const streamed = (event: string, data: object, id = "") =>
  `event: ${event}\n${id === "" ? "" : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;

const happened = (n: number, type = "policy.set") => {
  const agent = { id: `agt_${"0".repeat(32)}`, name: "bob" };
  return streamed("event", { v: 1, cursor: `life.e${n}`, at: "2026-11-29T01:00:00.000Z", type, agent }, `life.e${n}`);
};

/** Answers one request after the other; keeps what was asked for. */
async function serve(answers: ((response: ServerResponse) => void)[]) {
  const asked: (string | null)[] = [];
  const server = createServer((request, response) => {
    asked.push(new URL(request.url ?? "", "http://x").searchParams.get("after"));
    const answer = answers.shift();
    if (answer) answer(response);
    else response.writeHead(404, { "content-type": "application/problem+json" }).end(problem("route_not_found", 404));
  });
  const port = await listening(server);
  return {
    client: new MeshClient({ url: `http://127.0.0.1:${port}` }),
    asked,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

const open = (response: ServerResponse, ...texts: string[]) =>
  response.writeHead(200, { "content-type": "text/event-stream" }).write(texts.join(""));

test("the loop goes on behind the last id, skips what it does not know, and says what was missed", async () => {
  await using server = await serve([
    (response) => {
      open(response, streamed("open", { cursor: "life.e1" }), happened(2), happened(3, "weather.changed"));
      response.end();
    },
    (response) => {
      open(response, streamed("open", { cursor: "life.e3" }), streamed("keepalive", {}, "life.e5"));
      response.end(streamed("closing", { code: "cursor_gone", reconnect: true }));
    },
    (response) => {
      response.writeHead(410, { "content-type": "application/problem+json" }).end(problem("cursor_gone", 410));
    },
    (response) => {
      open(response, streamed("open", { cursor: "life.e9" }), happened(10));
      response.end(streamed("closing", { code: "agent_removed", reconnect: false }));
    },
  ]);
  const told: (MeshEvent | EventsNews)[] = [];
  for await (const each of server.client.events({ after: "life.e1" })) told.push(each);
  expect(server.asked).toEqual(["life.e1", "life.e3", "life.e5", null]);
  const names = told.map((each) => ("cursor" in each ? `${each.type} ${each.cursor}` : each.type));
  expect(names).toEqual([
    ...["opened life.e1", "policy.set life.e2", "lost", "reconnected life.e3", "lost"],
    ...["gap life.e9", "policy.set life.e10"],
  ]);
});

test("what the broker refuses for good ends the loop with its error", async () => {
  await using server = await serve([]);
  const loop = server.client.events().next();
  await expect(loop).rejects.toMatchObject({ code: "route_not_found" });
});
