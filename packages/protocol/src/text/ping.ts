/** What a person sends by a button or a command that names the text itself, the same wherever it is sent from. */

/** What a ping asks of an agent: a word, by the call that acks it. */
export function pingText(from: string): string {
  return `Ping from ${from}: is a message noticed in this session? Answer this one with reply and a word; nothing else is asked.`;
}

/** What reminds an agent of a question that it has not answered. */
export function askingAgainText(from: string, messageId: string): string {
  return `${from} still waits for your answer to ${messageId}.`;
}
