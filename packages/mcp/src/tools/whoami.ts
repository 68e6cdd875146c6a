/** Tool whoami: who this agent is to the others. */
import * as z from "zod";
import { waitingBeside } from "../identity/waiting-beside.ts";
import { agentData, agentLine } from "./agent-row.ts";
import { tool } from "./tool.ts";

/** Shows the caller's own row, and the broker it talks to. */
export const whoami = tool({
  name: "whoami",
  description: "Your own name and state in the mesh: what the other agents see of you, and how many messages wait.",
  annotations: { title: "Who am I", readOnlyHint: true, openWorldHint: false },
  input: z.strictObject({}),
  async run({ client, log }, _, signal) {
    const me = await client.getAgent({ agent: "me" }, { signal });
    const beside = await waitingBeside(client, me, signal).catch((error: unknown) => {
      log.debug("beside.failed", { error });
    });
    const broker = await client.connection.url();
    return {
      text: [`You are ${agentLine(me, true)}.`, `Broker: ${broker}.`, ...(beside ? [beside] : [])].join("\n"),
      data: { ...agentData(me, true), id: me.id, broker, ...(beside && { beside }) },
    };
  },
});
