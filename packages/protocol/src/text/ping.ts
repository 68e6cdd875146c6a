/** The text of a ping, wherever it is sent from. */

/** What a ping asks of an agent: a word, by the call that acks it. */
export function pingText(from: string): string {
  return `Ping from ${from}: is a message noticed in this session? Answer this one with reply and a word; nothing else is asked.`;
}
