/**
 * A program for tests: carries TCP connections from one address to another, as a proxy between two machines does. It may cut
 * what was idle for a while, or hold answers back until they are whole; at SIGUSR2 it forgets the connections that it has, and
 * tells neither side. An address is `host:port` or the path of a socket.
 */
import { connect, createServer, type Socket } from "node:net";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    listen: { type: "string", default: "" },
    connect: { type: "string", default: "" },
    /** Cuts connections over which nothing went for so many milliseconds. */
    "cut-idle-ms": { type: "string", default: "0" },
    /** Holds back what comes from the other side until that side ends it. */
    buffer: { type: "boolean", default: false },
  },
});
const idleMs = Number(values["cut-idle-ms"]);

function address(text: string): { path: string } | { host: string; port: number } {
  if (text.startsWith("/")) return { path: text };
  const at = text.lastIndexOf(":");
  return { host: text.slice(0, at), port: Number(text.slice(at + 1)) };
}

/** What an answer with a length of its own holds is passed on as soon as it is whole; one without an end, never. */
function isWhole(held: Buffer): boolean {
  const head = held.indexOf("\r\n\r\n");
  if (head < 0) return false;
  const headers = held.subarray(0, head).toString("latin1");
  if (/^HTTP\/1\.1 (?:1\d\d|204|304)/.test(headers)) return true;
  const length = /\r\ncontent-length: *(\d+)/i.exec(headers)?.[1];
  if (length !== undefined) return held.length >= head + 4 + Number(length);
  return held.subarray(-5).toString("latin1") === "0\r\n\r\n";
}

const forget = new Set<() => void>();
process.on("SIGUSR2", () => {
  for (const each of forget) each();
  console.log("forgotten");
});

function carry(near: Socket): void {
  const far = connect({ ...address(values.connect), noDelay: true });
  let isForgotten = false;
  const cut = () => {
    forget.delete(vanish);
    if (isForgotten) return;
    near.destroy();
    far.destroy();
  };
  const vanish = () => {
    isForgotten = true;
    near.unpipe(far).pause();
    far.unpipe(near).pause();
  };
  forget.add(vanish);
  let held = Buffer.alloc(0);
  near.setNoDelay(true).on("error", cut).on("close", cut);
  far.on("error", cut).on("close", cut);
  near.pipe(far);
  if (values.buffer) {
    far.on("data", (bytes) => {
      held = Buffer.concat([held, bytes]);
      if (!isWhole(held)) return;
      near.write(held);
      held = Buffer.alloc(0);
    });
  } else far.pipe(near);
  if (idleMs <= 0) return;
  let idle = setTimeout(cut, idleMs);
  const moved = () => {
    clearTimeout(idle);
    idle = setTimeout(cut, idleMs);
  };
  near.on("data", moved).on("close", () => clearTimeout(idle));
  far.on("data", moved);
}

createServer(carry).listen(address(values.listen), () => console.log("up"));
