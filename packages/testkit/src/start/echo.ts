/** The agent that is there to write to while `pnpm start` serves: it sends back what it is sent, and leaves with it. */
import { join } from "node:path";
import { DeliveryHandle, MeshApiError } from "@agentmesh/client";
import { connect, FileLock, readMeshKey, type StateFolder, sharedIdentity } from "@agentmesh/client/node";

const CLIENT = "start";
/** Its name, unless another agent has it. */
export const ECHO = "echo";

/** The echo agent of a mesh. */
export interface Echo {
  readonly name: string;
  /** Answers what still waits and takes the agent out of the mesh; whether it is out. */
  leave(): Promise<boolean>;
}

/**
 * Joins as `echo`, or as `echo-2` where another agent has the name.
 * Undefined where another `pnpm start` on this state folder has its echo there.
 */
export async function joinEcho(folder: StateFolder, onNotice: (notice: string) => void): Promise<Echo | undefined> {
  // Not by its presence: one that was killed looks present for a while.
  const lock = FileLock.tryTake(join(folder.path, "echo.lock"));
  if (!lock) return undefined;
  const { token } = sharedIdentity(folder, CLIENT, ECHO);
  const register = () =>
    connect({ folder, token: readMeshKey(folder) ?? "" }).register({
      name: ECHO,
      ifTaken: "number",
      token,
      client: CLIENT,
      summary: "sends back what you write to it",
    });
  const { agent } = await register();
  const client = connect({ folder, token });
  const left = new AbortController();
  const session = await client.join({
    pushPaths: [{ path: "stream" }],
    onUnknownToken: async () => void (await register()),
    onNotice,
  });
  const serving = (async () => {
    for await (const delivery of session.inbox({ signal: left.signal })) await sendBack(delivery);
  })().catch((error: unknown) => onNotice(`${agent.name} has stopped: ${reason(error)}`));

  return {
    name: agent.name,
    async leave() {
      left.abort();
      await serving;
      await session.leave();
      const parting = connect({ folder, token, retryForMs: 0 });
      try {
        for (let rest = 1; rest > 0; ) {
          const { deliveries } = await parting.lease({ max: 16 });
          for (const leased of deliveries) await sendBack(new DeliveryHandle(parting, leased));
          rest = deliveries.length;
        }
        await parting.removeAgent({ agent: "me" });
        return true;
      } catch {
        return false;
      } finally {
        lock.release();
      }
    },
  };
}

async function sendBack(delivery: DeliveryHandle): Promise<void> {
  // A notice of the mesh itself wants no answer.
  if (delivery.message.kind !== "message") return void (await delivery.ack());
  try {
    await delivery.reply(delivery.body);
  } catch (error) {
    if (!(error instanceof MeshApiError)) throw error;
    // Such as a sender that has left since: its message would come again and again.
    await (error.retryable ? delivery.nack({ reason: error.message }) : delivery.reject(error.message));
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
