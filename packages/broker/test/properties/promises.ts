/** The promises of the mesh that the observer holds an engine to, and the error that says which one was broken. */

/** Each promise with its sentence; I and L numbers as in the reliability notes. */
export const PROMISES = {
  "I1 no loss": "what was accepted is open, acked, or ended with a reason",
  "I2 no misdelivery": "a delivery goes to its recipient and to nobody else",
  "I3 ack is final": "no lease of a delivery begins after its ack was answered",
  "I4 send idempotence": "one key and content of a sender is one message; other content is refused",
  "I5 order": "the deliveries of an inbox are leased in the order of their seq",
  "I6 single lease": "a delivery has one holder at a time, and only the current receipt counts",
  "I7 attempts bound": "a delivery dies after maxAttempts failures, not before, and never without a failure",
  "I8 quota": "an inbox never holds more than its quota; a refused send leaves nothing behind",
  "I9 seq gapless": "an inbox numbers its deliveries 1, 2, 3 … in the order of acceptance",
  "I10 authenticity": "a message names the sender whose request was accepted, and is unchanged",
  "I11 expiry honesty": "a message lives exactly as long as promised",
  "I12 broadcast": "every subscriber of a topic is accepted or skipped with a reason, one copy each, of one body",
  "I13 conservation": "counters, pages and totals agree with the deliveries",
  "L1 progress": "what is leasable is leased when asked for, and everything accepted ends",
  "L3 no stuck lease": "no lease survives its session, its time or its broker",
  ownership: "only the owner acks, renews or ends what is its own",
  delay: "a returned delivery is leased no earlier than its delay says, and then it is",
  credit: "a stream leases no more than its credit, its byte limit and its push limit",
  sessions: "a session lives from opening to its end, by its heartbeats",
  timeline: "the timeline tells what happened, in order, and nothing else",
  log: "the log shows every entry once, in order",
  events: "the events tell everything that happened, each once, in the order of the acts, from any place on",
  hints: "whoever waits is told when something becomes leasable",
  retention: "only what ended long enough ago is forgotten",
  "never silent": "what ends without an ack is told to its sender, once",
  needs: "what waits for a person is found, each once, and nothing that does not wait",
  asks: "an ask is owed until it is answered, given up or waived; it is reminded of once, then its asker is told once",
  waives: "an answer is waived by its asker or the owner of the mesh, and by nobody else; both sides are told once",
  tasks: "what a receiver works on is followed until it is answered or given up, or its webhook is another one",
  "event webhooks":
    "what events are posted to is kept with the cursor of what was taken, until it is ended or its agent leaves",
  "taken back": "what nobody was given yet can be taken back by its sender, and nothing else",
  redrive: "a dead letter, and nothing else, can be put back: in its place, with no failures and a new life",
  policy: "a receiver's policy is kept: accepted, held until somebody decides, or refused with nothing stored",
  trust: "how a message came is stamped when it is accepted, by what the broker knows of both, and stays so",
  urgency: "a stream is given nothing less urgent than it asks for, and than its agent's focus allows",
  "other lives": "what a client was given in another life of the database names the same thing, or is refused",
  silence: "a session whose streamed lease ran out without a sign is streamed nothing until it is heard of",
} as const;

/** The name of a promise. */
export type PromiseName = keyof typeof PROMISES;

/** An engine did not keep a promise. */
export class BrokenPromise extends Error {
  override readonly name = "BrokenPromise";
  readonly promise: PromiseName;

  constructor(promise: PromiseName, detail: string) {
    super(`${promise}: ${detail}\n(promised: ${PROMISES[promise]})`);
    this.promise = promise;
  }
}

/** Throws unless the promise is kept. */
export function demand(kept: boolean, promise: PromiseName, detail: () => string): asserts kept {
  if (!kept) throw new BrokenPromise(promise, detail());
}
