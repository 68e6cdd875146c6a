/** Who is at the other end of a loopback connection: told for one, and for many at once in a few readings. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { canTellOwner, isOwnUser } from "../src/legacy/socket-owner.ts";

const MANY = 200;
const taken: Socket[] = [];
const made: Socket[] = [];
const server = createServer((socket) => taken.push(socket.on("error", () => undefined)));

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  for (let i = 0; i < MANY; i++) made.push(connect(port, "127.0.0.1"));
  await Promise.all(made.map((socket) => once(socket, "connect")));
  while (taken.length < MANY) await once(server, "connection");
});
afterAll(() => {
  for (const socket of [...made, ...taken]) socket.destroy();
  server.close();
});

test.runIf(canTellOwner)(
  "a connection of this user is told, one that is not in the kernel's table is nobody's (Linux)",
  async () => {
    const [one] = taken;
    if (!one) throw new Error("no connection was taken");
    const { remoteAddress, remotePort, localAddress, localPort } = one;
    expect(await isOwnUser(one)).toBe(true);
    expect(await isOwnUser({ remoteAddress, remotePort, localAddress, localPort: 1 })).toBe(false);
    expect(await isOwnUser({ remoteAddress: "::1", remotePort, localAddress, localPort })).toBe(false);
    expect(await isOwnUser({ remoteAddress: undefined, remotePort, localAddress, localPort })).toBe(false);
  },
);

test.runIf(canTellOwner)(
  "who asks while the table is read is told by the next reading, all in a few (Linux)",
  async () => {
    const cpuMs = async (act: () => Promise<unknown>) => {
      const before = process.cpuUsage();
      await act();
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1_000;
    };
    const ofOne: number[] = [];
    for (const socket of taken.slice(0, 5)) ofOne.push(await cpuMs(() => isOwnUser(socket)));
    const one = ofOne.toSorted((a, b) => a - b)[2] ?? 0;
    let told: boolean[] = [];
    const all = await cpuMs(async () => {
      told = await Promise.all(taken.map((socket) => isOwnUser(socket)));
    });
    expect(told).toEqual(taken.map(() => true));
    expect(all).toBeLessThan(Math.max(1, one) * (MANY / 4));
  },
);
