/** Machines of one network: real network namespaces on one switch, each with an address that others reach. */
import { spawnSync } from "node:child_process";
import { type Network, openNetwork, whyNoNetworks } from "./network.ts";

/** One machine of it. */
export interface LanMachine extends Network {
  readonly name: string;
  /** Its address now, as in `10.83.0.2`. */
  readonly address: string;
  /** Takes its cable out: what is sent to it and by it is lost, and nobody is told. */
  unplug(): void;
  /** Puts it in again. */
  plug(): void;
  /** Gives it another address, and takes the old one away; `to` is one that another machine has left. */
  move(to?: string): void;
  /** Gives it one more address, beside the one that it has. */
  gain(): string;
  /** Whether its kernel still holds a connection to another machine, with or without a program. */
  connections(): boolean;
}

/** Machines on one switch; all of it ends on dispose, with what runs there. */
export interface Lan<Name extends string> extends AsyncDisposable {
  machine(name: Name): LanMachine;
}

/** Why this machine gives a test no network of machines; undefined when it does. */
export function whyNoLan(): string | undefined {
  const why = whyNoNetworks();
  if (why !== undefined) return why;
  const made = spawnSync("unshare", ["--net", "ip", "link", "add", "type", "veth"], { stdio: "ignore" });
  return made.status === 0 ? undefined : "needs virtual network devices";
}

/** Makes machines of these names on one switch. */
export async function openLan<const Name extends string>(names: readonly Name[]): Promise<Lan<Name>> {
  const opened = new AsyncDisposableStack();
  const hub = opened.use(await openNetwork());
  root(hub, "ip", "link", "add", "hub", "type", "bridge");
  root(hub, "ip", "link", "set", "hub", "up");
  const found = new Map<string, LanMachine>();
  let last = 1;
  for (const name of names) {
    const network = opened.use(await openNetwork());
    const port = `port${found.size}`;
    root(hub, "ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", String(network.pid));
    root(hub, "ip", "link", "set", port, "master", "hub", "up");
    root(network, "ip", "link", "set", "eth0", "up");
    // What a killed program leaves unsent is given up soon, not sent when its cable is in again.
    root(network, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/tcp_orphan_retries");
    let address = addressOf(++last);
    root(network, "ip", "address", "add", `${address}/24`, "dev", "eth0");
    found.set(name, {
      ...network,
      name,
      get address() {
        return address;
      },
      unplug: () => root(hub, "ip", "link", "set", port, "down"),
      plug: () => root(hub, "ip", "link", "set", port, "up"),
      move(to = addressOf(++last)) {
        root(network, "ip", "address", "del", `${address}/24`, "dev", "eth0");
        address = to;
        root(network, "ip", "address", "replace", `${address}/24`, "dev", "eth0");
        // As when it says so to all on the switch.
        for (const other of found.values()) root(other, "ip", "neigh", "flush", "dev", "eth0");
      },
      gain() {
        const more = addressOf(++last);
        root(network, "ip", "address", "add", `${more}/24`, "dev", "eth0");
        return more;
      },
      connections: () => /:/.test(root(network, "ss", "-Htn")),
    });
  }
  return {
    machine(name) {
      const machine = found.get(name);
      if (!machine) throw new Error(`no machine is named ${name}`);
      return machine;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function addressOf(host: number): string {
  return `10.83.0.${host}`;
}

function root({ inside }: Pick<Network, "inside">, ...command: string[]): string {
  const [file = "", ...args] = [...inside, ...command];
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command.join(" ")}: ${stderr}`);
  return stdout;
}
