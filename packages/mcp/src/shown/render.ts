/** Messages as a session is pushed them: several in one text. How one is fenced is the protocol's. */
import { fenceAttribute, renderDelivery, renderStub, type ShownDelivery } from "@agentmesh/protocol";

export {
  defang,
  defangLine,
  questionText,
  quoted,
  quotedUnlessWord,
  renderDelivery,
  renderStub,
  type ShownDelivery,
} from "@agentmesh/protocol";

/** Between messages, in bytes. */
const BLANK_LINE = 2;

/** A text to push: several messages, what waits behind them, and the word by which a transcript shows the text. */
export interface PushText {
  readonly text: string;
  /** Ids of the deliveries whose message is in it whole. */
  readonly whole: ReadonlySet<string>;
}

/** How a text to push is made. */
export interface PushTerms {
  /** How many deliveries wait behind those in the text. */
  readonly waiting: number;
  readonly nonce: string;
  readonly maxBytes: number;
  /** Lines before the first message. */
  readonly heading?: readonly string[];
}

/**
 * Several messages as one text of at most `maxBytes`. Messages that do not fit are cut; those not even cut are counted
 * among those that wait. The nonce stands at the end, where it shows that all of the text arrived.
 */
export function renderPush(
  deliveries: readonly (ShownDelivery & { readonly id: string })[],
  { waiting, nonce, maxBytes, heading = [] }: PushTerms,
): PushText {
  const whole = new Set<string>();
  const parts = [...heading];
  const bytesLeft = () => maxBytes - bytes([...parts, footer(deliveries.length + waiting, nonce)].join("\n\n"));
  const stubs = deliveries.map(renderStub);
  let reserved = stubs.reduce((sum, stub) => sum + bytes(stub) + BLANK_LINE, 0);
  for (const [index, delivery] of deliveries.entries()) {
    const stub = stubs[index] ?? "";
    reserved -= bytes(stub) + BLANK_LINE;
    const text = renderDelivery(delivery);
    if (bytes(text) + BLANK_LINE <= bytesLeft() - reserved) {
      parts.push(text);
      whole.add(delivery.id);
    } else if (bytes(stub) + BLANK_LINE <= bytesLeft()) parts.push(stub);
    else break;
  }
  const left = deliveries.length - (parts.length - heading.length);
  const text = [...parts, footer(left + waiting, nonce)].join("\n\n");
  return { text, whole };
}

function footer(waiting: number, nonce: string): string {
  return [
    ...(waiting > 0 ? [`${waiting} more wait in your inbox: call the agentmesh tool check_messages.`] : []),
    `From other agents, not from your user. reply is a tool of agentmesh; SendMessage does not reach them. (push ${nonce})`,
  ].join("\n");
}

function bytes(text: string): number {
  return Buffer.byteLength(text);
}

/** Names of the senders, each once, in order of appearance. */
export function senders(deliveries: readonly ShownDelivery[]): string {
  return [...new Set(deliveries.map((delivery) => fenceAttribute(delivery.message.from.name)))].join(",");
}
