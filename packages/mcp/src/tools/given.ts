/** What becomes of deliveries that a tool's answer shows: acked once the client was given it, else shown again. */
import type { JoinedSession } from "../join.ts";

/** A delivery that is shown; with the receipt of its lease, where it was leased to be shown. */
export interface Shown {
  readonly id: string;
  readonly receipt?: string | undefined;
}

/** Keeps them from being shown elsewhere meanwhile; returns what is to be called with whether the client was given the answer. */
export function showOnce(session: JoinedSession, shown: readonly Shown[]): (given: boolean) => Promise<void> {
  session.inHand.show(shown.map(({ id }) => id));
  return async (given) => void (await Promise.all(shown.map((each) => (given ? ack : giveBack)(session, each))));
}

async function ack({ client, inHand, log }: JoinedSession, { id }: Shown): Promise<void> {
  let read = false;
  try {
    await client.ack({ delivery: id, evidence: "read" });
    read = true;
  } catch (error) {
    // It is shown again.
    log.warn("ack.failed", { delivery: id, error });
  } finally {
    inHand.endShow(id, read);
  }
}

/** What is in other hands, such as those of the session's stream, comes by them; a lease that ends by itself comes later. */
export async function giveBack({ client, inHand, log }: JoinedSession, { id, receipt }: Shown): Promise<void> {
  log.info("answer.not_given", { delivery: id });
  // First: it may be streamed at once.
  inHand.endShow(id, false);
  if (receipt === undefined) return;
  await client
    .nack({ delivery: id, receipt, delayMs: 0, reason: "the call that it answered was given up" })
    .catch((error: unknown) => log.debug("nack.failed", { delivery: id, error }));
}
