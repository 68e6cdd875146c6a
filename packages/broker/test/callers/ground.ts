/** The ground of the matrix: for each endpoint one valid call of its owner, and what becomes of it in other hands. */
import { createHmac, randomBytes } from "node:crypto";
import { MeshClient } from "@agentmesh/client";
import {
  type Access,
  type Endpoint,
  type EndpointName,
  type ErrorCode,
  endpoints,
  OwnSignIn,
} from "@agentmesh/protocol";
import { openWebhookReceiver, startTestBroker, type TestAgent, type TestBroker } from "testkit";
import type { Call } from "./wire.ts";

/** A call that its owner may make. */
export interface Example {
  /** Whose token opens it; the mesh key where the endpoint is the operator's, a browser where it is of one that is signed in. */
  readonly owner: string | SignedIn;
  readonly path: string;
  readonly body?: object;
  /** That it needs beside the usual ones. */
  readonly headers: Call["headers"];
}

/** A browser that is signed in: its cookie, and what its page was told. */
export interface SignedIn {
  readonly cookie: string;
  readonly value: string;
}

/** What another agent's token gets: its own thing, as everybody would; or the refusal. */
export type InOtherHands = "its own" | ErrorCode;

/** One row of the matrix. */
export interface Row {
  readonly name: EndpointName;
  readonly endpoint: Endpoint;
  readonly access: Access;
  readonly inOtherHands: InOtherHands;
  /** What a machine credential gets, where that is not what the endpoint's row and its owner's machine say. */
  readonly byMachine: "its own" | ErrorCode | undefined;
  example(): Promise<Example>;
}

/** A mesh with an owner of everything, another agent, and whoever was here. */
export interface Ground extends AsyncDisposable {
  readonly broker: TestBroker;
  readonly rows: readonly Row[];
  readonly other: TestAgent;
  /** Token of an agent that was removed. */
  readonly removed: string;
  /** Token of a peer of the predecessor's wire. */
  readonly peer: string;
  /** Credentials of the machine with which every owner came, of another one, and of one that was put out. */
  readonly machine: string;
  readonly otherMachine: string;
  readonly revokedMachine: string;
  /** Token of an agent that was revoked, and of one whose machine was. */
  readonly revoked: string;
  readonly revokedWithMachine: string;
  /** Tokens that were exchanged for others: while they are good beside these, and when they are not any more. */
  readonly exchanged: { readonly agent: string; readonly machine: string };
  readonly expired: { readonly agent: string; readonly machine: string };
  /** Secrets of invites that can be used, that was used, and that was taken back. */
  readonly openInvite: string;
  readonly usedInvite: string;
  readonly takenBackInvite: string;
  /** The page of a person, one that is there to look, and one that was signed out. */
  readonly page: SignedIn;
  readonly lookingPage: SignedIn;
  readonly signedOutPage: SignedIn;
}

interface Parts {
  readonly params?: Record<string, string>;
  readonly query?: Record<string, string>;
  readonly body?: object;
  readonly headers?: Call["headers"];
}

type Making = (owner: TestAgent, sender: TestAgent) => Parts | Promise<Parts>;

/** Rows by endpoint: the type asks for each. */
type Declared = Record<
  EndpointName,
  { readonly inOtherHands: InOtherHands; readonly byMachine?: "its own" | ErrorCode; readonly make: Making }
>;

const HOUR_MS = 3_600_000;
/** Where webhooks go: to a receiver that takes everything, once there is one. */
let hookUrl = "";
/** The mesh key's client, once there is one. */
let admin: MeshClient;
/** The code of a link that looks, once there is one: it works as long as the matrix takes. */
let lookingCode = "";
const nothing: Making = () => ({});
const itself: Making = ({ agent }) => ({ params: { agent: agent.name } });
const about: Making = ({ agent }) => ({ query: { agent: agent.name } });

const session: Making = async ({ client }) => ({ params: { session: (await client.openSession()).session.id } });

async function sent({ agent }: TestAgent, sender: TestAgent, to: string = agent.name) {
  const { messageId, deliveries } = await sender.client.send({ to, body: "between the two of us" });
  return { message: messageId, delivery: deliveries[0]?.deliveryId ?? "none" };
}

async function leased(owner: TestAgent, sender: TestAgent) {
  const { delivery } = await sent(owner, sender);
  const [first] = (await owner.client.lease({ leaseMs: HOUR_MS })).deliveries;
  return { params: { delivery }, receipt: first?.receipt ?? "none" };
}

async function withHook({ client, agent }: TestAgent) {
  await client.setWebhook({ agent: "me", url: hookUrl });
  return { params: { agent: agent.name } };
}

async function withCard({ client, agent }: TestAgent) {
  await client.setAgentCard({ agent: "me", description: "builds" });
  return { params: { agent: agent.name } };
}

async function dead(owner: TestAgent, sender: TestAgent) {
  const { params, receipt } = await leased(owner, sender);
  await owner.client.reject({ ...params, receipt, reason: "not mine" });
  return { params };
}

async function held(owner: TestAgent, sender: TestAgent) {
  await owner.client.setPolicy({ agent: "me", otherwise: "hold" });
  const { delivery } = await sent(owner, sender);
  return { params: { delivery } };
}

const declared: Declared = {
  health: { inOtherHands: "its own", make: nothing },
  authority: { inOtherHands: "its own", make: nothing },
  livez: { inOtherHands: "its own", make: nothing },
  openapi: { inOtherHands: "its own", make: nothing },
  status: { inOtherHands: "its own", make: nothing },
  listKeepers: { inOtherHands: "forbidden", make: nothing },
  shutdown: { inOtherHands: "forbidden", make: nothing },

  invite: { inOtherHands: "forbidden", make: () => ({ body: { secret: secret("ami") } }) },
  listInvites: { inOtherHands: "forbidden", make: nothing },
  takeBackInvite: {
    inOtherHands: "forbidden",
    make: async () => ({ params: { invite: (await admin.invite({ secret: secret("ami") })).invite.id } }),
  },
  joinMesh: {
    inOtherHands: "its own",
    make: async () => {
      const invite = secret("ami");
      await admin.invite({ secret: invite });
      return { body: { secret: invite, token: secret("amm"), host: "newcomer" } };
    },
  },
  listMachines: { inOtherHands: "forbidden", make: nothing },
  revokeMachine: {
    inOtherHands: "forbidden",
    byMachine: "forbidden",
    make: async () => ({ params: { machine: (await joined("passing")).id } }),
  },
  rotateToken: {
    inOtherHands: "its own",
    byMachine: "invalid_request",
    make: () => ({ body: { token: secret("am") } }),
  },
  audit: { inOtherHands: "forbidden", make: nothing },

  pageCode: { inOtherHands: "forbidden", make: () => ({ body: {} }) },
  signIn: { inOtherHands: "its own", make: () => ({ body: { code: lookingCode } }) },
  ownSignIn: { inOtherHands: "forbidden", make: nothing },
  signOut: { inOtherHands: "forbidden", make: nothing },
  listSignIns: { inOtherHands: "forbidden", make: nothing },
  revokeSignIn: { inOtherHands: "forbidden", make: () => ({ params: { id: `sin_${"0".repeat(32)}` } }) },

  register: {
    inOtherHands: "forbidden",
    byMachine: "its own",
    make: () => ({ body: { name: "newcomer", ifTaken: "number" } }),
  },
  listAgents: { inOtherHands: "its own", make: nothing },
  getAgent: { inOtherHands: "its own", make: itself },
  setSummary: { inOtherHands: "its own", make: () => ({ body: { summary: "at work" } }) },
  setFocus: { inOtherHands: "forbidden", make: async (owner) => ({ ...(await itself(owner, owner)), body: {} }) },
  endFocus: { inOtherHands: "forbidden", make: itself },
  getPolicy: { inOtherHands: "forbidden", make: itself },
  setPolicy: {
    inOtherHands: "forbidden",
    make: ({ agent }) => ({ params: { agent: agent.name }, body: { otherwise: "refuse" } }),
  },
  renameAgent: {
    inOtherHands: "forbidden",
    make: async (owner) => ({ ...(await itself(owner, owner)), body: { name: `${owner.agent.name}-renamed` } }),
  },
  removeAgent: { inOtherHands: "forbidden", make: itself },
  revokeAgent: { inOtherHands: "forbidden", make: itself },
  listSessions: { inOtherHands: "forbidden", make: itself },
  openSession: { inOtherHands: "its own", make: () => ({ body: {} }) },
  heartbeat: {
    inOtherHands: "session_not_found",
    make: async (owner) => ({ ...(await session(owner, owner)), body: {} }),
  },
  sessionStream: { inOtherHands: "session_not_found", make: session },
  endSession: { inOtherHands: "session_not_found", make: session },

  send: { inOtherHands: "its own", make: (_, { agent }) => ({ body: { to: agent.name, body: "hello" } }) },
  listMessages: { inOtherHands: "forbidden", make: about },
  ask: {
    inOtherHands: "its own",
    make: (_, { agent }) => ({ body: { to: agent.name, body: "which port?", waitMs: 0 } }),
  },
  listAsks: { inOtherHands: "forbidden", make: about },
  getMessage: {
    inOtherHands: "message_not_found",
    make: async (owner, sender) => ({ params: { message: (await sent(owner, sender)).message } }),
  },
  cancel: {
    inOtherHands: "message_not_found",
    make: async (owner, sender) => ({ params: { message: (await sent(sender, owner)).message } }),
  },
  waive: {
    inOtherHands: "message_not_found",
    make: async (owner, sender) => {
      const { messageId } = await owner.client.ask({ to: sender.agent.name, body: "which port?", timeoutMs: 0 });
      return { params: { message: messageId } };
    },
  },
  log: { inOtherHands: "forbidden", make: about },
  events: { inOtherHands: "forbidden", make: about },
  listNeeds: { inOtherHands: "forbidden", make: about },

  publish: { inOtherHands: "its own", make: () => ({ params: { topic: "build.done" }, body: { body: "green" } }) },
  listTopics: { inOtherHands: "its own", make: nothing },
  subscribe: { inOtherHands: "its own", make: () => ({ body: { topic: "build.>" } }) },
  unsubscribe: {
    inOtherHands: "its own",
    make: async ({ client }) => {
      await client.subscribe({ topic: "build.*" });
      return { params: { topic: "build.*" } };
    },
  },
  listSubscriptions: { inOtherHands: "its own", make: nothing },

  listInbox: { inOtherHands: "forbidden", make: about },
  lease: { inOtherHands: "its own", make: () => ({ body: { leaseMs: HOUR_MS } }) },
  stream: {
    inOtherHands: "session_not_found",
    make: async ({ client }) => ({ query: { session: (await client.openSession()).session.id } }),
  },
  ack: {
    inOtherHands: "delivery_not_found",
    make: async (owner, sender) => ({ params: (await leased(owner, sender)).params, body: {} }),
  },
  // Each entry is answered for itself: what becomes of others' deliveries in it, http.test.ts holds.
  ackMany: {
    inOtherHands: "its own",
    make: async (owner, sender) => {
      const { delivery } = (await leased(owner, sender)).params;
      return { body: { acks: [{ delivery }, { delivery: "999" }] } };
    },
  },
  nack: { inOtherHands: "delivery_not_found", make: async (...two) => withReceipt(await leased(...two), {}) },
  extend: {
    inOtherHands: "delivery_not_found",
    make: async (...two) => withReceipt(await leased(...two), { leaseMs: HOUR_MS }),
  },
  reject: {
    inOtherHands: "delivery_not_found",
    make: async (...two) => withReceipt(await leased(...two), { reason: "not mine" }),
  },
  listDead: { inOtherHands: "forbidden", make: about },
  redrive: { inOtherHands: "delivery_not_found", make: dead },
  dismiss: { inOtherHands: "delivery_not_found", make: dead },
  admit: { inOtherHands: "delivery_not_found", make: held },
  refuse: {
    inOtherHands: "delivery_not_found",
    make: async (...two) => ({ ...(await held(...two)), body: { reason: "no" } }),
  },
  reportPush: {
    inOtherHands: "delivery_not_found",
    make: async (...two) => withReceipt(await leased(...two), { path: "claude-inbox" }),
  },

  setWebhook: {
    inOtherHands: "forbidden",
    make: ({ agent }) => ({ params: { agent: agent.name }, body: { url: hookUrl } }),
  },
  getWebhook: { inOtherHands: "forbidden", make: withHook },
  testWebhook: { inOtherHands: "forbidden", make: withHook },
  rotateWebhook: { inOtherHands: "forbidden", make: async (owner) => ({ ...(await withHook(owner)), body: {} }) },
  removeWebhook: { inOtherHands: "forbidden", make: withHook },

  setAgentCard: {
    inOtherHands: "forbidden",
    make: ({ agent }) => ({ params: { agent: agent.name }, body: { description: "builds" } }),
  },
  getAgentCard: { inOtherHands: "forbidden", make: withCard },
  removeAgentCard: { inOtherHands: "forbidden", make: withCard },

  makeHook: { inOtherHands: "forbidden", make: () => ({ body: { topic: "build.done" } }) },
  listHooks: { inOtherHands: "forbidden", make: nothing },
  removeHook: {
    inOtherHands: "forbidden",
    make: async () => ({ params: { hook: (await admin.makeHook({ topic: "build.done" })).hook.id } }),
  },
  // Who posts has no token: the signature says that it may, whatever else comes with it.
  takeHook: {
    inOtherHands: "its own",
    make: async () => {
      const { hook, secret = "" } = await admin.makeHook({ kind: "github", topic: "build.done" });
      const body = { ref: "refs/heads/main", commits: [] };
      const signature = createHmac("sha256", secret).update(JSON.stringify(body)).digest("hex");
      return {
        ...{ params: { hook: hook.id }, body },
        headers: [
          ["x-hub-signature-256", `sha256=${signature}`],
          ["x-github-event", "push"],
        ],
      };
    },
  },
  takeHookByUrl: {
    inOtherHands: "its own",
    make: async () => {
      const { hook, secret = "" } = await admin.makeHook({ topic: "build.done", secretInUrl: true });
      return { params: { hook: hook.id, secret }, body: { text: "green" } };
    },
  },
};

/** A new secret of a kind. */
function secret(prefix: "am" | "amm" | "ami"): string {
  return `${prefix}_${randomBytes(32).toString("base64url")}`;
}

/** A machine that has joined, with its credential. */
async function joined(host: string) {
  const [invite, token] = [secret("ami"), secret("amm")];
  await admin.invite({ secret: invite });
  const { machine } = await admin.joinMesh({ secret: invite, token, host });
  return { id: machine.id, token, invite };
}

function withReceipt({ params, receipt }: { params: { delivery: string }; receipt: string }, body: object): Parts {
  return { params, body: { receipt, ...body } };
}

/** Starts it. Nothing in it ends by itself while the matrix is walked. */
export async function openGround(): Promise<Ground> {
  const args = ["--legacy", "--offline-after-ms", String(HOUR_MS), "--stale-after-ms", String(HOUR_MS)];
  const receiver = await openWebhookReceiver();
  hookUrl = receiver.url;
  const broker = await startTestBroker({ args: [...args, "--heartbeat-ms", "600000", "--stream-grace-ms", "600000"] });
  admin = broker.admin;
  const machine = await joined("desk");
  const registrar = new MeshClient({ url: broker.url, token: machine.token });
  const otherMachine = await joined("laptop");
  const revokedMachine = await joined("lost");
  const onLost = await new MeshClient({ url: broker.url, token: revokedMachine.token }).register({ name: "on-lost" });
  await admin.revokeMachine({ machine: revokedMachine.id });
  const revoked = await broker.agent("revoked");
  await admin.revokeAgent({ agent: revoked.agent.id });
  const [exchanged, expired] = [await exchange(broker, "turner", HOUR_MS), await exchange(broker, "turned", 0)];
  const [openInvite, takenBackInvite] = [secret("ami"), secret("ami")];
  await admin.invite({ secret: openInvite });
  await admin.takeBackInvite({ invite: (await admin.invite({ secret: takenBackInvite })).invite.id });
  const other = await broker.agent("other");
  const gone = await broker.agent("gone");
  await gone.client.removeAgent({ agent: "me" });
  const registered = await fetch(`${broker.url}/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ pid: process.pid, cwd: "/tmp", summary: "" }),
  });
  const { token: peer } = (await registered.json()) as { token: string };

  lookingCode = (await admin.pageCode({ readOnly: true })).code;
  const { agent: person } = await broker.agent("person", { person: true });
  const page = await signedIn(broker, (await admin.pageCode({ as: person.id })).code);
  const lookingPage = await signedIn(broker, lookingCode);
  const signedOutPage = await signedIn(broker, (await admin.pageCode({ as: person.id })).code);
  const { signIns } = await admin.listSignIns();
  await admin.revokeSignIn({ id: signIns[0]?.id ?? "sin_none" });

  const ownerOf = async (access: Access, token: string) => {
    if (access === "page") return signedIn(broker, lookingCode);
    return access === "key" ? broker.key : token;
  };
  let count = 0;
  const rows = Object.entries<Endpoint>(endpoints).map(([key, endpoint]): Row => {
    const name = key as EndpointName;
    const row = declared[name];
    if (!row) throw new Error(`${name} has no row in the matrix: declare what becomes of it in other hands.`);
    return {
      name,
      endpoint,
      access: endpoint.access,
      inOtherHands: row.inOtherHands,
      byMachine: row.byMachine,
      async example() {
        count++;
        const { agent, token = "none" } = await registrar.register({ name: `owner-${count}` });
        const owner = { agent, token, client: new MeshClient({ url: broker.url, token }) };
        const { params = {}, query, body, headers = [] } = await row.make(owner, await broker.agent(`sender-${count}`));
        const path = endpoint.path.replace(/:(\w+)/g, (_, part: string) => encodeURIComponent(params[part] ?? "none"));
        return {
          owner: await ownerOf(endpoint.access, owner.token),
          path: query ? `${path}?${new URLSearchParams(query)}` : path,
          ...(body && { body }),
          headers,
        };
      },
    };
  });
  return {
    ...{ broker, rows, other, removed: gone.token, peer, openInvite, takenBackInvite, revoked: revoked.token },
    ...{ machine: machine.token, otherMachine: otherMachine.token, revokedMachine: revokedMachine.token },
    ...{ usedInvite: machine.invite, revokedWithMachine: onLost.token ?? "none" },
    ...{ page, lookingPage, signedOutPage, exchanged, expired },
    async [Symbol.asyncDispose]() {
      await broker[Symbol.asyncDispose]();
      await receiver[Symbol.asyncDispose]();
    },
  };
}

/** The tokens of an agent and of a machine, which both have others since. */
async function exchange(broker: TestBroker, name: string, overlapMs: number) {
  const [agent, machine] = [(await broker.agent(name)).token, (await joined(`${name}-host`)).token];
  await broker.client(agent).rotateToken({ token: secret("am"), overlapMs });
  await broker.client(machine).rotateToken({ token: secret("amm"), overlapMs });
  return { agent, machine };
}

/** Signs a browser in. */
async function signedIn({ url }: TestBroker, code: string): Promise<SignedIn> {
  const answer = await fetch(`${url}/v1/ui/sign-in`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: url },
    body: JSON.stringify({ code }),
  });
  const { page } = OwnSignIn.parse(await answer.json());
  return { cookie: answer.headers.getSetCookie()[0]?.split(";")[0] ?? "none", value: page };
}
