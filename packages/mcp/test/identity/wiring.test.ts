/** The same promises by the adapter's own way: random histories of real AgentSessions against a real broker. */
import fc from "fast-check";
import { startTestBroker, times, until } from "testkit";
import { expect, test } from "vitest";
import { AgentSession } from "../../src/agent-session.ts";
import { resolveConfig } from "../../src/config/config.ts";
import type { ConversationSource } from "../../src/identity/conversation.ts";
import { createLog } from "../../src/log.ts";
import { directory } from "../setting.ts";

const HISTORIES = times(30, 8);
const CONVERSATIONS = 4;

type Step =
  | { readonly do: "start"; readonly of: number; readonly told: "at start" | "later" }
  | { readonly do: "clear" | "send" | "read" | "end"; readonly of: number }
  | { readonly do: "resume"; readonly of: number; readonly to: number };

const of = fc.nat({ max: CONVERSATIONS - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("start" as const),
      of,
      told: fc.constantFrom("at start" as const, "later" as const),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom("send" as const, "read" as const, "send" as const), of }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("clear" as const, "end" as const), of }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("resume" as const), of, to: of }) },
);

interface Live {
  readonly session: AgentSession;
  conversation: string;
}

test("whatever sessions do, mail comes to the conversation it was sent to, under the same name", async () => {
  await using broker = await startTestBroker();
  const sender = await broker.agent("sender");
  let histories = 0;

  const play = async (steps: readonly Step[]) => {
    const run = ++histories;
    const cwd = directory(broker, `wired-${run}`);
    /** Conversation of a line, as it is called now; agent of a conversation. */
    const conversations = Array.from({ length: CONVERSATIONS }, (_, at) => `${run}-${at}`);
    const names = new Map<string, string>();
    const waiting = new Map<string, string[]>();
    const live = new Map<number, Live>();
    let made = 0;

    const nameOf = async ({ session }: Live) => (await session.joined()).mesh.agent.name;
    const expectItself = async (each: Live) => {
      const name = await nameOf(each);
      expect(names.get(each.conversation) ?? name).toBe(name);
      return name;
    };

    const take = async (each: Step) => {
      const own = live.get(each.of);
      if (each.do === "start" && !own) {
        const conversation = conversations[each.of] ?? "";
        const { config } = resolveConfig(
          { AGENTMESH_HOME: broker.home, AGENTMESH_URL: broker.url, HOME: broker.home, AGENTMESH_PUSH: "none" },
          cwd,
        );
        const session = new AgentSession({ config, log: createLog("error", () => undefined), warnings: [] });
        session.attach({ clientName: () => "opencode", telling: each.told });
        if (each.told === "at start") session.clientSession.learn({ id: conversation });
        await session.joined();
        session.clientSession.learn({ id: conversation });
        const started = { session, conversation };
        live.set(each.of, started);
        await expectItself(started);
      } else if (own && each.do === "send") {
        const name = await nameOf(own);
        const body = `${own.conversation} ${++made}`;
        await sender.client.send({ to: name, body });
        names.set(own.conversation, name);
        waiting.set(own.conversation, [...(waiting.get(own.conversation) ?? []), body]);
      } else if (own && each.do === "read") {
        const { client } = await own.session.joined();
        const { deliveries } = await client.lease({});
        expect(deliveries.map(({ message }) => message.body)).toEqual(waiting.get(own.conversation) ?? []);
        for (const { id } of deliveries) await client.ack({ delivery: id });
        waiting.delete(own.conversation);
      } else if (own && each.do === "clear") {
        const conversation = `${own.conversation}.`;
        move(names, own.conversation, conversation);
        move(waiting, own.conversation, conversation);
        conversations[each.of] = conversation;
        await tell(own, conversation, "clear");
      } else if (own && each.do === "resume" && !live.has(each.to)) {
        // Its own conversation waits, and the session is another one from now on.
        live.delete(each.of);
        live.set(each.to, own);
        await tell(own, conversations[each.to] ?? "", "resume");
      } else if (own && each.do === "end") {
        live.delete(each.of);
        await own.session.leave();
      }
    };
    const tell = async (each: Live, conversation: string, source: ConversationSource) => {
      each.conversation = conversation;
      each.session.clientSession.learn({ id: conversation, source });
      await expectItself(each);
    };

    try {
      for (const each of steps) await take(each);
      // Everybody ends, and each conversation that was written to is resumed in turn.
      for (const { session } of live.values()) await session.leave();
      live.clear();
      for (let at = 0; at < CONVERSATIONS; at++) {
        await take({ do: "start", of: at, told: "at start" });
        await take({ do: "read", of: at });
      }
    } finally {
      await Promise.all([...live.values()].map(({ session }) => session.leave()));
    }
    const used = new Set(names.values());
    const gone = async () => {
      const { agents } = await broker.admin.listAgents({ directory: cwd });
      return agents.every(({ name, presence }) => presence === "offline" && used.has(name));
    };
    await until(gone, "only agents that were used to be left");
  };

  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 20, size: "max" }), play), {
    numRuns: HISTORIES,
    endOnFailure: true,
  });
  expect(histories).toBe(HISTORIES);
}, 240_000);

function move<T>(map: Map<string, T>, from: string, to: string): void {
  const value = map.get(from);
  map.delete(from);
  if (value !== undefined) map.set(to, value);
}
