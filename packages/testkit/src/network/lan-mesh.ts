/** A broker on one machine of a network and agents on others, and what became of their messages whatever was done between. */

import { randomBytes } from "node:crypto";
import type { MeshClient } from "@agentmesh/client";
import { VERSION } from "@agentmesh/protocol";
import { ledgerFindings } from "../history/ledger.ts";
import type { Finding } from "../history/records.ts";
import { History } from "../history.ts";
import { readLedger } from "../read-ledger.ts";
import { startTestBroker, type TestBroker } from "../start-test-broker.ts";
import { until } from "../until.ts";
import { openDoor } from "./carriers.ts";
import { type Lan, type LanMachine, openLan } from "./lan.ts";
import { Partner } from "./partners.ts";

/** Machines of such a mesh: the broker is on `server`, agents on `west` and `east`; `gate` is for what stands between. */
export type LanMeshMachine = "server" | "west" | "east" | "gate";

/** The broker's plain port on its machine: for what comes over its loopback, or through a proxy that has to read it. */
export const LAN_PORT = 7_900;

/** Its port over TLS, for all other machines. */
export const LAN_TLS_PORT = 7_901;

/** Addresses by which the broker may be called, whatever leads to it: those of the switch, and of lossy links. */
const HOSTS = [
  ...[2, 3, 4, 5].map((host) => `10.83.0.${host}:${LAN_PORT}`),
  ...[0, 1].map((n) => `10.84.${n}.1:${LAN_PORT}`),
];

/** How long an agent took to be back, in milliseconds from when the network was whole again. */
export interface Back {
  readonly deliveryMs: number;
  readonly sendMs: number;
}

/** A running mesh. */
export class LanMesh implements AsyncDisposable {
  readonly lan: Lan<LanMeshMachine>;
  readonly broker: TestBroker;
  readonly history = new History({ keepAll: true });
  readonly #opened: AsyncDisposableStack;
  readonly #since: string;
  readonly #ca: string;
  readonly #partners: Partner[] = [];

  private constructor(
    lan: Lan<LanMeshMachine>,
    broker: TestBroker,
    opened: AsyncDisposableStack,
    since: string,
    ca: string,
  ) {
    this.lan = lan;
    this.broker = broker;
    this.#opened = opened;
    this.#since = since;
    this.#ca = ca;
  }

  /** Makes the machines and starts the broker. */
  static async open(): Promise<LanMesh> {
    await using opening = new AsyncDisposableStack();
    const lan = opening.use(await openLan(["server", "west", "east", "gate"]));
    const network = lan.machine("server");
    const { port: door } = opening.use(await openDoor(network, LAN_PORT));
    const hosts = [...HOSTS, `127.0.0.1:${door}`].join(",");
    const tls = ["--tls", String(LAN_TLS_PORT)];
    const args = ["--host", "0.0.0.0", "--trusted-network", "--allowed-hosts", hosts, ...tls];
    const broker = opening.use(
      await startTestBroker({ args, logLevel: "info", inside: { network, port: LAN_PORT, door } }),
    );
    const since = (await broker.admin.log({ limit: 1 })).cursor;
    const { ca = "" } = await broker.admin.authority();
    return new LanMesh(lan, broker, opening.move(), since, ca);
  }

  machine(name: LanMeshMachine): LanMachine {
    return this.lan.machine(name);
  }

  /** The broker's address on the switch. */
  get url(): string {
    return `https://${this.machine("server").address}:${LAN_TLS_PORT}`;
  }

  /** Something that is undone with the mesh. */
  use<T extends AsyncDisposable>(made: T): T {
    return this.#opened.use(made);
  }

  /** Registers agents, each by the credential of its machine, and has each send to all others and receive, by the address that it is given. */
  async talk(
    where: Readonly<Record<string, readonly [LanMachine, string]>>,
    more: { readonly timeoutMs?: number } = {},
  ): Promise<Map<string, Partner>> {
    const names = Object.keys(where);
    for (const [name, [machine, url]] of Object.entries(where)) {
      const { token = "" } = await (await this.#joined(machine.name)).register({ name });
      const to = names.filter((other) => other !== name);
      this.#partners.push(new Partner(machine, { name, token, url, ca: this.#ca, to, ...more }, this.history));
    }
    await Promise.all(this.#partners.map((partner) => partner.start()));
    await Promise.all(this.#partners.map((partner) => this.back(partner, 0)));
    return new Map(this.#partners.map((partner) => [partner.name, partner]));
  }

  /** A machine joins by an invite; a client with its credential. */
  async #joined(host: string): Promise<MeshClient> {
    const [secret, token] = ["ami", "amm"].map((kind) => `${kind}_${randomBytes(32).toString("base64url")}`);
    if (secret === undefined || token === undefined) throw new Error("there is no secret");
    await this.broker.admin.invite({ secret });
    await this.broker.client().joinMesh({ secret, token, host, version: VERSION });
    return this.broker.client(token);
  }

  /** How long after a moment (Date.now()) a partner was delivered something, and had a send answered. */
  async back(partner: Partner, from: number, withinMs = 120_000): Promise<Back> {
    const moments = () => {
      const [delivery, send] = [partner.receivedAfter(from), partner.answeredAfter(from)];
      return delivery === undefined || send === undefined ? undefined : { delivery, send };
    };
    const { delivery, send } = await until(moments, `${partner.name} to be back`, withinMs);
    return { deliveryMs: delivery - from, sendMs: send - from };
  }

  /** Ends the sending, waits for every inbox to be empty, ends all, and compares what each side says. */
  async finish(drainMs = 120_000): Promise<Finding[]> {
    await Promise.all(this.#partners.map((partner) => partner.quiet()));
    const { admin } = this.broker;
    const open = async () => {
      const { queued, leased } = (await admin.status()).deliveries;
      return queued + leased;
    };
    const drained = await until(async () => (await open()) === 0, "", drainMs).catch(() => false);
    const found: Finding[] = drained
      ? []
      : [{ kind: "unavailable", detail: `${await open()} deliveries are still open` }];
    await Promise.all(this.#partners.map((partner) => partner.end()));
    const ledger = await readLedger(admin, this.#since);
    return [
      ...found,
      ...this.#partners.flatMap(({ surprises }) => surprises),
      ...this.history.check(ledger),
      ...ledgerFindings(ledger, (await admin.status()).deliveries),
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#partners.map((partner) => partner.kill()));
    await this.#opened.disposeAsync();
  }
}
