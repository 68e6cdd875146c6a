/** `agentmesh down`: asks the broker to stop and waits until it is gone. Never kills. */
import { BrokerUnreachableError } from "@agentmesh/client";
import {
  announced,
  type BrokerAddress,
  findBroker,
  isServed,
  ownStandpoint,
  requireBroker,
  UntrustedBrokerError,
} from "@agentmesh/client/node";
import { shareProcesses } from "@agentmesh/protocol";
import { CommandError } from "../../command-error.ts";
import type { Context } from "../../context.ts";
import { isAlive } from "../../process-alive.ts";
import { jsonText, print, tell } from "../../terminal/output.ts";
import { waitFor } from "../../terminal/waiting.ts";
import { whichOf } from "./up.ts";

const PATIENCE_MS = 10_000;
const POLL_MS = 30;

/** Stops the running broker. @throws UntrustedBrokerError, CommandError when it is still there after 10 s */
export async function down(context: Context): Promise<void> {
  let address = context.address();
  if (address.several) throw whichOf(address.several, "down");
  if (address.local && !(await findBroker(context.folder, address))) {
    // One that runs where it cannot be reached, or hangs, is not "none".
    const held = isServed(context.folder) && (await requireBroker(context.folder, address));
    if (held) address = { ...address, url: held.url };
    else if (context.json) return print(jsonText({ stopped: false, url: address.url }));
    else return tell(`No broker runs at ${address.url}.`);
  }
  // The pid of a broker in another container is that of some other process here.
  const running = announced(context.folder)?.standpoint;
  const ownNumbers = address.local && (running === undefined || shareProcesses(ownStandpoint(), running) !== false);
  const admin = await context.admin({ retryForMs: 0 });
  const { pid } = await admin.status();
  let asked = false;
  const askOnce = async (signal: AbortSignal) => {
    if (asked) return;
    await admin.shutdown({ signal }).catch((error: unknown) => {
      // It may be gone before its answer is read.
      if (signal.aborted || !(error instanceof BrokerUnreachableError)) throw error;
    });
    asked = true;
  };
  const stopped = await waitFor({
    json: context.json,
    what: () => `the broker at ${address.url} (pid ${pid}) to stop`,
    ms: PATIENCE_MS,
    saidWhenSlow: true,
    everyMs: POLL_MS,
    begun: () => asked,
    stands: () =>
      `${asked ? "It was asked to stop and does so by itself." : "It may have been asked to stop, and does so by itself then."} Whether it has: agentmesh status`,
    facts: () => ({ pid }),
    // Asking is a part of the wait: whoever ends it hears what may come of it.
    async look({ signal }) {
      await askOnce(signal);
      return (await answers(context, address, signal)) || (ownNumbers && isAlive(pid)) ? undefined : true;
    },
  });
  if (!stopped) {
    throw new CommandError(
      "still_running",
      `The broker at ${address.url} (pid ${pid}) was asked to stop and is still there after ${PATIENCE_MS / 1_000} s. Look into ${context.folder.logFile}.`,
      "pending",
      { pid },
    );
  }
  if (context.json) return print(jsonText({ stopped: true, url: address.url, pid }));
  await tell(`The broker at ${address.url} (pid ${pid}) has stopped. What waited is on disk.`);
}

async function answers(context: Context, address: BrokerAddress, signal: AbortSignal): Promise<boolean> {
  try {
    return (await findBroker(context.folder, address, signal)) !== undefined;
  } catch (error) {
    // a broker that is closing may accept a connection and not answer
    if (error instanceof UntrustedBrokerError) return true;
    throw error;
  }
}
