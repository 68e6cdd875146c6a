/** What is done to a network of machines under senders and receivers, part by part. */
import {
  type Back,
  LAN_PORT,
  LAN_TLS_PORT,
  type LanMesh,
  openLossyLink,
  openProxy,
  type Partner,
  type ProxySpoils,
  until,
} from "testkit";
import { sleep } from "../fault.ts";

/** Agents of every part: `east` is the one whose network is spoilt, `west` its partner, `home` stands beside the broker. */
export interface Talking {
  readonly mesh: LanMesh;
  readonly seed: number;
  /** Has the agents begin, with the broker's address as west and east reach it. */
  talk(urls?: {
    readonly west?: string;
    readonly east?: string;
  }): Promise<{ readonly west: Partner; readonly east: Partner }>;
}

/** One part: what is done, and how soon an agent is to be back. */
export interface NetworkPart {
  readonly name: string;
  readonly what: string;
  /** Packets are lost on the way, which takes a link that loses some. */
  readonly isLossy?: true;
  /** About how long it takes, in seconds. */
  readonly seconds: number;
  /** From when the network is whole again to the next delivery and the next answered send, in milliseconds. */
  readonly mostMs: number;
  run(talking: Talking): Promise<readonly Back[]>;
}

/** How long all talk before something is done to them, and after it. */
const CALM_MS = 3_000;

async function cut({ mesh, talk }: Talking, ms: number): Promise<Back[]> {
  const { east } = await talk();
  await sleep(CALM_MS);
  mesh.machine("east").unplug();
  await sleep(ms);
  mesh.machine("east").plug();
  const back = await mesh.back(east, Date.now());
  await sleep(CALM_MS);
  return [back];
}

const move = async ({ mesh, talk }: Talking): Promise<Back[]> => {
  const { east } = await talk();
  const backs: Back[] = [];
  for (let round = 0; round < 3; round++) {
    await sleep(CALM_MS);
    mesh.machine("east").move();
    backs.push(await mesh.back(east, Date.now() + 200));
  }
  return backs;
};

/** What is between two machines starts anew, as a router does: of the connections through it no side is told. */
async function forgotten({ mesh, talk }: Talking): Promise<Back[]> {
  const [gate, server] = ["gate" as const, "server" as const].map(
    (name) => `${mesh.machine(name).address}:${LAN_TLS_PORT}`,
  );
  const between = mesh.use(await openProxy(mesh.machine("gate"), gate ?? "", server ?? "", {}));
  const { east } = await talk({ east: `https://${gate}` });
  const backs: Back[] = [];
  for (let round = 0; round < 3; round++) {
    await sleep(CALM_MS);
    await between.vanish();
    backs.push(await mesh.back(east, Date.now()));
  }
  return backs;
}

async function halfOpen({ mesh, talk }: Talking): Promise<Back[]> {
  const { east } = await talk();
  const machine = mesh.machine("east");
  await sleep(CALM_MS);
  machine.unplug();
  await east.kill();
  await until(() => !machine.connections(), "the kernel to give up what nobody holds");
  machine.plug();
  await sleep(CALM_MS);
  const from = Date.now();
  await east.start();
  const back = await mesh.back(east, from);
  await sleep(CALM_MS);
  return [back];
}

async function loss({ mesh, seed, talk }: Talking): Promise<Back[]> {
  const server = mesh.machine("server");
  const spoils = { seed, loss: 0.05, delayMs: 200 };
  const urls = await Promise.all(
    (["west", "east"] as const).map(async (name, n) => {
      const link = mesh.use(await openLossyLink(n, server, mesh.machine(name), { ...spoils, seed: seed + n }));
      return `https://${link.near}:${LAN_TLS_PORT}`;
    }),
  );
  const [west = "", east = ""] = urls;
  const partners = await talk({ west, east });
  await sleep(60_000);
  return await Promise.all([partners.west, partners.east].map((partner) => mesh.back(partner, Date.now())));
}

async function proxy({ mesh, talk }: Talking, spoils: ProxySpoils): Promise<Back[]> {
  // What holds answers back has to read them.
  const port = spoils.buffer ? LAN_PORT : LAN_TLS_PORT;
  const [gate, server] = [mesh.machine("gate"), mesh.machine("server")].map(({ address }) => `${address}:${port}`);
  mesh.use(await openProxy(mesh.machine("gate"), gate ?? "", server ?? "", spoils));
  const { east } = await talk({ east: spoils.buffer ? `http://${gate}` : `https://${gate}` });
  await sleep(75_000);
  return [await mesh.back(east, Date.now())];
}

/** All parts. */
export const PARTS: readonly NetworkPart[] = [
  {
    name: "loss",
    what: "5 % of packets lost and 200 ms of delay, in both directions, for a minute",
    isLossy: true,
    seconds: 120,
    mostMs: 10_000,
    run: loss,
  },
  {
    name: "cut-90s",
    what: "the cable out for 90 s",
    seconds: 120,
    mostMs: 15_000,
    run: (talking) => cut(talking, 90_000),
  },
  {
    name: "cut-10min",
    what: "the cable out for 10 min",
    seconds: 660,
    mostMs: 15_000,
    run: (talking) => cut(talking, 600_000),
  },
  { name: "move", what: "another address under open streams, three times", seconds: 60, mostMs: 10_000, run: move },
  {
    name: "forgotten",
    what: "connections that are forgotten on the way, and nobody is told, three times",
    seconds: 60,
    mostMs: 10_000,
    run: forgotten,
  },
  {
    name: "proxy-30s",
    what: "a proxy that cuts what is idle for 30 s",
    seconds: 120,
    mostMs: 10_000,
    run: (talking) => proxy(talking, { cutIdleMs: 30_000 }),
  },
  {
    name: "proxy-buffers",
    what: "a proxy that passes an answer on when it is whole",
    seconds: 120,
    mostMs: 10_000,
    run: (talking) => proxy(talking, { buffer: true }),
  },
  {
    name: "half-open",
    what: "a machine that vanishes without a FIN, and comes again",
    seconds: 120,
    mostMs: 15_000,
    run: halfOpen,
  },
];
