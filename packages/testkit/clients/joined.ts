/** Waiting for the adapter of a client that starts it by itself. */
import { type TestBroker, until } from "testkit";

/** Resolves when an agent is online. */
export async function agentJoined(broker: TestBroker): Promise<void> {
  const online = async () => {
    const { agents } = await broker.admin.listAgents();
    return agents.some(({ presence }) => presence === "online");
  };
  await until(online, "the adapter to join", 60_000);
}
