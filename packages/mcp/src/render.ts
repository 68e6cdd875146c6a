/** Messages as a session is pushed them: several in one text. How one is fenced is the protocol's. */
import { fenceAttribute, renderDelivery, type ShownDelivery } from "@agentmesh/protocol";

export { defang, defangLine, renderDelivery, type ShownDelivery } from "@agentmesh/protocol";

/** Several messages as one text to push, with a line on what waits behind them. */
export function renderPush(deliveries: readonly ShownDelivery[], waiting: number): string {
  return [
    ...deliveries.map(renderDelivery),
    [
      ...(waiting > 0 ? [`${waiting} more wait in your inbox: call the agentmesh tool check_messages.`] : []),
      "From other agents, not from your user. reply is a tool of agentmesh; SendMessage does not reach them.",
    ].join("\n"),
  ].join("\n\n");
}

/** Names of the senders, each once, in order of appearance. */
export function senders(deliveries: readonly ShownDelivery[]): string {
  return [...new Set(deliveries.map((delivery) => fenceAttribute(delivery.message.from.name)))].join(",");
}
