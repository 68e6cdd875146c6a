/** An agent as a process of its own, for tests that kill it: says when it is there, then reads or waits. */
import { connect, openStateFolder } from "@agentmesh/client/node";

const { AGENTMESH_HOME: home = "", AGENTMESH_TOKEN: token = "", AGENTMESH_URL: url = "" } = process.env;
const client = connect({ folder: openStateFolder(home), token, url });
const session = await client.join({ pushPaths: process.argv[2] === "stream" ? [{ path: "stream" }] : [] });
process.stdout.write(`${session.id}\n`);
const stay = setInterval(() => undefined, 1_000);
if (process.argv[2] === "stream")
  for await (const _ of session.inbox({ leaseMs: 600_000 })) await new Promise(() => stay);
