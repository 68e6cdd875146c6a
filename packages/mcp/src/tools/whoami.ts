/** Tool whoami: who this agent is to the others. */
import { z } from "zod";
import { agentData, agentLine } from "./agent-row.ts";
import { tool } from "./tool.ts";

/** Shows the caller's own row, and the broker it talks to. */
export const whoami = tool({
  name: "whoami",
  description: "Your own name and state in the mesh: what the other agents see of you, and how many messages wait.",
  annotations: { title: "Who am I", readOnlyHint: true, openWorldHint: false },
  input: z.strictObject({}),
  async run({ client }, _, signal) {
    const me = await client.getAgent({ agent: "me" }, { signal });
    const broker = await client.connection.url();
    return {
      text: `You are ${agentLine(me, true)}.\nBroker: ${broker}.`,
      data: { ...agentData(me, true), id: me.id, broker },
    };
  },
});
