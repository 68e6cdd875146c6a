/** Meshes for the page to show, and the way to it. */
import { randomBytes } from "node:crypto";
import type { TestAgent, TestBroker } from "testkit";

/** The person's agent, as the command line makes it. */
export async function personOf(broker: TestBroker, name = "cli"): Promise<TestAgent> {
  const token = `am_${randomBytes(32).toString("base64url")}`;
  const { agent } = await broker.admin.register({ name, token, client: "cli", person: true });
  return { agent, token, client: broker.client(token) };
}

/** The address by which a browser signs in, once; as nobody where no person is named. */
export async function addressFor(broker: TestBroker, as?: TestAgent, view = ""): Promise<string> {
  const { code } = await broker.admin.pageCode(as ? { as: as.agent.id } : {});
  return `${broker.url}/ui${view}#code=${code}`;
}
