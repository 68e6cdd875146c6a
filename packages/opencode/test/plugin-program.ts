/** A program for tests: the plugin in a stand-in of OpenCode, used once, in a process of its own. Prints what it got. */
import { until } from "testkit";
import { standIn } from "./stand-in.ts";

const [directory = "", to = ""] = process.argv.slice(2);
const env = Object.fromEntries(
  Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
);
const client = await standIn(directory, env);
await client.prompt("ses_one");
// On a busy machine a call may end before the broker is reached, and says so.
await until(
  async () => (await client.call("ses_one", "agentmesh_whoami", {}).catch(() => "")).includes("plugged"),
  "the plugin to join",
);
console.log(await client.call("ses_one", "agentmesh_send_message", { to, message: "from inside" }));
console.log((await until(() => client.prompts[0], "the push")).text);
await client.hooks.dispose();
