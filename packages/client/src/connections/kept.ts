/**
 * Connections to a broker on another machine that are kept for the next calls: those that have died without a word are found, so
 * that calls and streams go on by new ones. Nothing of this is done on this machine, where no connection dies so.
 */

/** A connection is asked after so long of silence whether the other side is there, and is over ten seconds later; in milliseconds. */
export const ASKED_AFTER_MS = 5_000;

/** A call on a kept connection that is not answered for so long is doubted, in milliseconds. */
const DOUBTED_AFTER_MS = 2_000;

/** How often it is looked which addresses this machine has, at most, in milliseconds. */
const LOOK_MS = 250;

/** An address that is missing for so long is not one of a cable that was out for a moment, in milliseconds. */
const GONE_AFTER_MS = 500;

type Http = NonNullable<ReturnType<typeof http>>;
type Agent = InstanceType<Http["Agent"]>;
type ClientRequest = InstanceType<Http["ClientRequest"]>;

function http() {
  return process.getBuiltinModule("node:http");
}

/** The connection by which a call was made has died; the call may be made again. */
export class DeadConnectionError extends Error {
  override readonly name = "DeadConnectionError";
}

const looked = new WeakMap<Agent, number>();

/**
 * Ends the connections that were made by an address which this machine has no more: nothing comes back by them. Idle ones at once,
 * those that somebody waits for when the address is missing still a moment later.
 */
export function endMoved(agent: Agent): void {
  const now = performance.now();
  if (now - (looked.get(agent) ?? Number.NEGATIVE_INFINITY) < LOOK_MS) return;
  looked.set(agent, now);
  for (const idle of moved(agent.freeSockets)) idle.destroy();
  if (moved(agent.sockets).length === 0) return;
  const endAll = () => {
    for (const socket of moved(agent.sockets)) {
      socket.destroy(new DeadConnectionError("this machine has another address since the connection was made"));
    }
  };
  setTimeout(endAll, GONE_AFTER_MS).unref();
}

function moved(sockets: Agent["sockets"]) {
  const own = ownAddresses();
  const all = Object.values(sockets).flatMap((some) => some ?? []);
  return all.filter(({ localAddress }) => localAddress !== undefined && !own.has(plain(localAddress)));
}

/**
 * Ends a call that a kept connection does not bring an answer to, once a new connection shows that the broker is there; and the other
 * connections that are kept and idle with it. `isThere` resolves when it is.
 */
export function doubtKept(call: ClientRequest, agent: Agent, isThere: () => Promise<unknown>): void {
  call.once("socket", () => {
    if (!call.reusedSocket) return;
    let isOver = false;
    const timer = setTimeout(async () => {
      const answered = await isThere().then(
        () => true,
        () => false,
      );
      if (!answered || isOver) return;
      for (const idle of Object.values(agent.freeSockets).flat()) idle?.destroy();
      call.destroy(new DeadConnectionError("the connection has died, and a new one is answered"));
    }, DOUBTED_AFTER_MS);
    timer.unref();
    const over = () => {
      isOver = true;
      clearTimeout(timer);
    };
    call.once("response", over).once("close", over);
  });
}

function ownAddresses(): ReadonlySet<string> {
  const { networkInterfaces } = process.getBuiltinModule("node:os");
  const all = Object.values(networkInterfaces()).flatMap((some) => some ?? []);
  return new Set(all.map(({ address }) => plain(address)));
}

/** Without the interface of a link-local address, and an IPv4 address as such. */
function plain(address: string): string {
  return address.replace(/%.*$/, "").replace(/^::ffff:(?=\d+\.)/i, "");
}
