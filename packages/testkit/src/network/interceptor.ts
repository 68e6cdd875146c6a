/**
 * A program for tests: stands between two machines with a certificate of its own, reads all that is sent to it, and passes it on to
 * the broker, whose answers it passes back. It tells in lines what it has seen; an address is `host:port`.
 */
import { readFileSync } from "node:fs";
import { connect, createServer, type TLSSocket } from "node:tls";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    listen: { type: "string", default: "" },
    connect: { type: "string", default: "" },
    /** Files of the certificate that it shows, and of its key. */
    cert: { type: "string", default: "" },
    key: { type: "string", default: "" },
  },
});

function address(text: string): { host: string; port: number } {
  const at = text.lastIndexOf(":");
  return { host: text.slice(0, at), port: Number(text.slice(at + 1)) };
}

function pass(near: TLSSocket): void {
  // Whoever stands between has no reason to doubt the broker.
  const far = connect({ ...address(values.connect), rejectUnauthorized: false });
  const cut = () => {
    near.destroy();
    far.destroy();
  };
  near.on("error", cut).on("close", cut);
  far.on("error", cut).on("close", cut);
  console.log("came");
  near.on("data", (bytes) => {
    const text = bytes.toString("latin1");
    console.log(`sent ${JSON.stringify(text)}`);
    far.write(text.replace(/\r\nhost: [^\r]*/i, `\r\nHost: ${values.connect}`), "latin1");
  });
  far.pipe(near);
}

createServer({ cert: readFileSync(values.cert), key: readFileSync(values.key) }, pass)
  .on("tlsClientError", () => console.log("came"))
  .listen(address(values.listen), () => console.log("up"));
