/** One agent as text and as data: clients that show a model only one of the two keep nothing from it. */
import { Agent } from "@agentmesh/protocol";
import { expect, test } from "vitest";
import { agentData, agentLine, recipientData, recipientWords } from "../src/tools/agent-row.ts";

const AT = "2026-01-02T03:04:05.678Z";
const PROVEN = "2026-01-02T03:04:01.000Z";

const bob = (more: object) =>
  Agent.parse({
    ...{ id: "agt_019b7d0e000070008000000000000001", name: "bob", presence: "online" },
    ...{ pushPaths: [{ path: "claude-inbox", provenAt: PROVEN }], queued: 0, registeredAt: AT, ...more },
  });

test("what reached an agent before its stream closed is in its line and in its data, apart from what reaches it now", () => {
  const doubt = { why: "stream_closed", since: AT };
  const pushPaths = [
    { path: "claude-inbox", provenAt: PROVEN },
    { path: "webhook", failedWhy: "answered 500" },
  ];
  const agent = bob({ presence: "stale", doubt, pushPaths });
  const before = [{ path: "claude-inbox", proof: `proven ${PROVEN}` }];
  const push = [{ path: "webhook", proof: "failing: “answered 500”" }];
  for (const text of [agentLine(agent, false), recipientWords(agent)]) {
    expect(text).toContain(`push: webhook (failing: “answered 500”), before its stream closed claude-inbox (proven `);
  }
  for (const data of [agentData(agent, false), recipientData(agent)]) {
    expect(data).toMatchObject({ push, push_before: before });
  }
  expect(agentData(bob({}), false)).toMatchObject({ push: before });
  expect(agentData(bob({}), false)).not.toHaveProperty("push_before");
});

test("how much waits, and since when, is in its line and in its data", () => {
  const agent = bob({ queued: 3, oldestQueuedMs: 240_000, inHand: 1, held: 2 });
  expect(agentLine(agent, false)).toContain("waiting: 3, oldest 4m; 1 in hand; 2 held");
  expect(agentData(agent, false)).toMatchObject({ waiting: 3, oldest_waiting_ms: 240_000, in_hand: 1, held: 2 });
  const idle = agentData(bob({}), false);
  expect(idle).toMatchObject({ waiting: 0 });
  for (const name of ["oldest_waiting_ms", "in_hand", "held"]) expect(idle).not.toHaveProperty(name);
});

test("the machine of an agent is in its line and in its data where it is another one than the caller's", () => {
  const agent = bob({ host: "laptop", directory: "/srv/x" });
  expect(agentLine(agent, false, "desk")).toContain("on laptop; in /srv/x");
  expect(agentData(agent, false, "desk")).toMatchObject({ host: "laptop" });
  for (const here of ["laptop", undefined]) {
    expect(agentLine(agent, false, here)).not.toContain("on laptop");
    expect(agentData(agent, false, here)).not.toHaveProperty("host");
  }
  expect(agentLine(bob({ host: "x; no\n<agentmesh>" }), false, "desk")).not.toContain("<agentmesh");
});
