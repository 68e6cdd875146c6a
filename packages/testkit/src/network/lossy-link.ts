/** A link between two machines that loses packets and is slow: TUN devices, and a relay between them. */
import { spawnSync } from "node:child_process";
import { startCarrier, startInside } from "./carriers.ts";
import type { LanMachine } from "./lan.ts";

/** What a link does to each packet, in both directions. */
export interface LinkSpoils {
  readonly seed: number;
  /** Share of packets that are lost. */
  readonly loss: number;
  readonly delayMs: number;
}

/** The addresses at both ends of a link. */
export interface LossyLink extends AsyncDisposable {
  readonly near: string;
  readonly far: string;
}

/** Why there can be no such link here; undefined when there can. */
export function whyNoLossyLinks(): string | undefined {
  const { status, stdout } = spawnSync("socat", ["-V"], { encoding: "utf8" });
  if (status !== 0) return "needs socat";
  return /define WITH_TUN 1/.test(stdout) ? undefined : "needs a socat with TUN devices";
}

/** Port of the relay to which the near end of link `n` sends; its other one, and those of the ends, are the next. */
const PORTS = 5_000;

/** Makes the link number `n` (0 … 9) between two machines. The relay is on the near one. */
export async function openLossyLink(
  n: number,
  near: LanMachine,
  far: LanMachine,
  spoils: LinkSpoils,
): Promise<LossyLink> {
  const { seed, loss, delayMs } = spoils;
  const base = PORTS + n * 4;
  const link = { near: `10.84.${n}.1`, far: `10.84.${n}.2` };
  const opened = new AsyncDisposableStack();
  const numbers = [seed, loss, delayMs, base, base + 1].map(String);
  opened.use(await startCarrier(near, "lossy-relay.ts", numbers));
  const ends = [
    { machine: near, address: link.near, relay: `127.0.0.1:${base}`, own: base + 2 },
    { machine: far, address: link.far, relay: `${near.address}:${base + 1}`, own: base + 3 },
  ];
  for (const { machine, address, relay, own } of ends) {
    const device = `TUN:${address}/24,up,iff-no-pi,tun-name=loss${n}`;
    const line = ["socat", device, `UDP-DATAGRAM:${relay},bind=0.0.0.0:${own}`];
    const hasDevice = () =>
      spawnSync(machine.inside[0] ?? "", [...machine.inside.slice(1), "ip", "link", "show", `loss${n}`]).status === 0;
    opened.use(await startInside(machine, line, hasDevice));
    const [command = "", ...args] = [...machine.inside, "ip", "link", "set", `loss${n}`, "mtu", "1400"];
    spawnSync(command, args);
  }
  return { ...link, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
