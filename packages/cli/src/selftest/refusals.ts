/** What has to be refused: a forged sender, a message too many, a secret in an address. */
import { directFetch, MeshApiError } from "@agentmesh/client";
import { endpoints, Problem } from "@agentmesh/protocol";
import { Failed, insist } from "./steps.ts";
import { INBOX_HOLDS, type ThrowAwayMesh } from "./throw-away-mesh.ts";
import type { Trial } from "./trial.ts";

/** Poses as another agent in every way there is. */
export const forgedSender: Trial = {
  name: "sender forged",
  async run(mesh) {
    const [ada, bob, eve] = [await mesh.agent("ada"), await mesh.agent("bob"), await mesh.agent("eve")];
    const said = { to: bob.agent.name, body: "from ada, it says", from: ada.agent.name };
    const named = await refused(mesh, endpoints.send.path, said, eve.token);
    insist([400, 403].includes(named.status), `a message that names its sender was answered ${named.status}`);
    const { from: _, ...plain } = said;
    const guessed = await refused(mesh, endpoints.send.path, plain, `am_${"A".repeat(43)}`);
    insist(guessed.status === 401, `a token that nobody has was answered ${guessed.status}`);
    const bare = await refused(mesh, endpoints.send.path, plain, undefined);
    insist(bare.status === 401, `a message without a token was answered ${bare.status}`);

    const sent = await ada.client.send({ to: bob.agent.name, body: "from ada" });
    const [delivery] = (await bob.client.listInbox({})).entries;
    insist(delivery?.message.id === sent.messageId, "a message that was refused is in the inbox all the same");
    insist(delivery.message.from.name === ada.agent.name, "the sender that is shown is another one");
    const foreign = await problemOf(() => eve.client.ack({ delivery: delivery.id, evidence: "handled" }));
    insist(foreign !== undefined, "an agent acked what belongs to another");
    return `named, guessed and missing sender refused (${named.status}, ${guessed.status}, ${bare.status}); another's ack too`;
  },
};

/** Fills an inbox. */
export const fullInbox: Trial = {
  name: "inbox filled",
  async run(mesh) {
    const [from, to] = [await mesh.agent("sender"), await mesh.agent("full")];
    const send = (n: number) => from.client.send({ to: to.agent.name, body: `message ${n}` });
    for (let n = 1; n <= INBOX_HOLDS; n++) await send(n);
    const told = await problemOf(() => mesh.client(from.token, 0).send({ to: to.agent.name, body: "one too many" }));
    insist(told?.code === "inbox_full", told ? `the sender was told ${told.code}` : "one too many was accepted");
    const { open } = await to.client.listInbox({ limit: 1 });
    insist(open === INBOX_HOLDS, `${open} of ${INBOX_HOLDS} accepted messages are in the inbox`);
    const { deliveries } = await to.client.lease({ max: 1 });
    for (const { id } of deliveries) await to.client.ack({ delivery: id, evidence: "handled" });
    await send(INBOX_HOLDS + 1);
    return `told ${told.code} at message ${INBOX_HOLDS + 1}; after an ack there was room again`;
  },
};

/** Puts a token where logs and proxies see it. */
export const tokenInAddress: Trial = {
  name: "token in the address",
  async run(mesh) {
    const { token } = await mesh.agent("careless");
    const answer = await directFetch(`${mesh.url}${endpoints.listAgents.path}?token=${token}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const { data } = Problem.safeParse(await answer.json());
    insist(!answer.ok && data !== undefined, `a token in the address was answered ${answer.status}`);
    insist(!JSON.stringify(data).includes(token), "the refusal says the token");
    return `refused (${answer.status})`;
  },
};

async function refused(mesh: ThrowAwayMesh, path: string, body: object, token: string | undefined) {
  const answer = await directFetch(mesh.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  });
  await answer.text();
  if (answer.ok) throw new Failed(`a forged sender was accepted (${answer.status})`);
  return { status: answer.status };
}

async function problemOf(call: () => Promise<unknown>): Promise<MeshApiError | undefined> {
  try {
    await call();
    return undefined;
  } catch (error) {
    if (error instanceof MeshApiError) return error;
    throw error;
  }
}
