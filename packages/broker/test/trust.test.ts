/** How a message came: what the broker knows of its sender, and what a policy makes of that. */
import { DeliveryId, type PolicyAction, type PolicyClass, type TrustClass } from "@agentmesh/protocol";
import { startTestBroker, type TestAgent, type TestBroker } from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { actionOn } from "../src/mesh/acceptance/receiver-policy.ts";
import { type Came, cameAs, type Standing } from "../src/mesh/acceptance/trust-class.ts";

const one: Standing = {
  ...{ trust: "verified", person: false, machine: null },
  ...{ host: "desk", repo: null, repoUrl: null },
};
const LAPTOP = { machine: 2, host: "laptop" };
const SHOP = { repoUrl: "git.acme.test/shop" };
const FOLDER = { repo: "/r/shop" };

test.each<[string, Partial<Standing>, Partial<Standing>, TrustClass, boolean]>([
  ["two of the broker's machine", {}, {}, "same-machine", false],
  ["two of another machine", LAPTOP, LAPTOP, "same-machine", false],
  ["one that says another host with the mesh key", { host: "laptop" }, {}, "same-machine", false],
  ["one of another machine that says this host", { machine: 2 }, {}, "remote", true],
  ["one of the broker's machine, to another", {}, LAPTOP, "remote", true],
  ["one of each of two others", LAPTOP, { machine: 3 }, "remote", true],
  ["two in one repository", SHOP, SHOP, "same-repo", false],
  ["two in one folder of a machine", FOLDER, FOLDER, "same-repo", false],
  ["two with one folder on two machines", { ...LAPTOP, ...FOLDER, host: "desk" }, FOLDER, "remote", true],
  ["two with one folder on hosts that share the mesh key", { ...FOLDER, host: "box" }, FOLDER, "same-machine", false],
  ["clones on two machines", { ...LAPTOP, ...SHOP }, SHOP, "same-repo", true],
  ["two in two repositories", SHOP, { repoUrl: "git.acme.test/notes" }, "same-machine", false],
  ["the person", { person: true }, {}, "operator", false],
  ["the person, to another machine", { person: true, ...SHOP }, { ...LAPTOP, ...SHOP }, "operator", false],
  ["another machine's person, at home", { person: true, ...LAPTOP }, LAPTOP, "operator", false],
  ["another machine's person, to the broker's", { person: true, ...LAPTOP }, {}, "remote", true],
  ["another machine's person in the repository", { person: true, ...LAPTOP, ...SHOP }, SHOP, "same-repo", true],
  ["the predecessor's wire", { trust: "unverified", ...SHOP }, SHOP, "unverified", false],
  ["the predecessor's wire, as a person", { trust: "unverified", person: true }, {}, "unverified", false],
])("from %s a message comes as it is known to", (_, sender, recipient, trust, remote) => {
  expect(cameAs({ ...one, ...sender }, { ...one, ...recipient })).toEqual({ trust, remote });
});

describe("a policy", () => {
  const came = (trust: TrustClass, remote = false): Came => ({ trust, remote });
  const rules = (trust: Partial<Record<PolicyClass, PolicyAction>>, otherwise: PolicyAction = "accept") => ({
    ...{ otherwise, senders: { agt_known: "accept" as const } },
    trust,
  });
  test.each<[string, ReturnType<typeof rules> | undefined, Came, PolicyAction, PolicyAction]>([
    ["takes everybody where there is none", undefined, came("remote", true), "accept", "accept"],
    ["leaves other machines to the mesh", undefined, came("remote", true), "hold", "hold"],
    ["does so in the same repository, too", undefined, came("same-repo", true), "hold", "hold"],
    ["leaves nobody else to it", undefined, came("same-repo"), "refuse", "accept"],
    ["goes before it for other machines", rules({ remote: "accept" }), came("remote", true), "refuse", "accept"],
    ["is not loosened by it", rules({}, "hold"), came("remote", true), "accept", "hold"],
    ["does not loosen it by the way", rules({}, "accept"), came("remote", true), "hold", "hold"],
    [
      "for other machines means those of the repository",
      rules({ remote: "hold" }),
      came("same-repo", true),
      "accept",
      "hold",
    ],
    [
      "for the repository goes first",
      rules({ remote: "hold", "same-repo": "accept" }),
      came("same-repo", true),
      "hold",
      "accept",
    ],
    [
      "for the machine means the repository there",
      rules({ "same-machine": "hold" }),
      came("same-repo"),
      "accept",
      "hold",
    ],
    ["for the machine means no other", rules({ "same-machine": "hold" }), came("same-repo", true), "accept", "accept"],
    ["for verified ones means all of them", rules({ verified: "hold" }), came("operator"), "accept", "hold"],
    [
      "for verified ones comes last",
      rules({ verified: "hold", remote: "refuse" }),
      came("remote", true),
      "accept",
      "refuse",
    ],
    ["for verified ones means nobody else", rules({ verified: "hold" }), came("unverified"), "accept", "accept"],
  ])("%s", (_, policy, how, mesh, action) => {
    expect(actionOn(policy, "agt_stranger", how, mesh)).toBe(action);
    if (policy) expect(actionOn(policy, "agt_known", how, mesh), "a rule for the sender goes first").toBe("accept");
  });
});

describe("over HTTP", () => {
  let broker: TestBroker;
  let bob: TestAgent;
  beforeAll(async () => {
    broker = await startTestBroker();
    bob = await broker.agent("bob", SHOP);
  });
  afterAll(() => broker[Symbol.asyncDispose]());

  test("a message says how it came wherever it is shown, and whoever is called cli is no person by that", async () => {
    const senders = [
      await broker.agent("ada", { person: true, client: "cli" }),
      await broker.agent("impostor", { client: "cli" }),
      await broker.agent("colleague", { repoUrl: "ssh://git@git.acme.test/shop.git" }),
    ];
    const expected = ["operator", "same-machine", "same-repo"];
    const sent = [];
    for (const { client } of senders) sent.push((await client.send({ to: "bob", body: "hi" })).messageId);
    expect((await bob.client.listInbox({})).entries.map(({ trust }) => trust)).toEqual(expected);
    const { deliveries } = await bob.client.lease({});
    expect(deliveries.map(({ trust }) => trust)).toEqual(expected);
    const traces = await Promise.all(sent.map((message) => broker.admin.getMessage({ message })));
    expect(traces.map(({ deliveries: [first] }) => first?.trust)).toEqual(expected);
    const { entries } = await bob.client.listMessages({});
    expect(entries.map(({ deliveries: [first] }) => first?.trust)).toEqual(expected.toReversed());
    expect(senders.map(({ agent }) => agent.person)).toEqual([true, undefined, undefined]);
    // Its own token makes no agent a person's.
    const { agent } = (await senders[1]?.client.openSession({ client: "cli" })) ?? {};
    expect(agent?.person).toBeUndefined();
  });

  test("an answer that is waited for says how it came", async () => {
    const asker = await broker.agent("asker", SHOP);
    const asked = asker.client.ask({ to: "bob", body: "which port?" });
    const { deliveries } = await bob.client.lease({ waitMs: 30_000 });
    const question = deliveries.find(({ message }) => message.body === "which port?");
    await bob.client.send({ inReplyTo: DeliveryId.parse(question?.id), body: "7899" });
    expect(await asked).toMatchObject({ status: "replied", replyTrust: "same-repo" });
  });
});
