/** Events in words. */
import type { MeshEvent } from "@agentmesh/protocol";

/** What happened, behind the name of whom it happened to. */
export function eventWords(event: MeshEvent): string {
  if ("deliveryId" in event) {
    const by = event.path === undefined ? "" : ` by ${event.path}`;
    return `#${event.seq} ${event.type.slice("delivery.".length).replace("_", " ")}${by}`;
  }
  const [noun = "", verb = ""] = event.type.split(".");
  switch (event.type) {
    case "agent.presence":
      return `is ${event.presence}`;
    case "agent.renamed":
      return `was ${event.was}`;
    case "agent.focus":
      return event.focus ? "is not to be disturbed" : "may be disturbed again";
    case "agent.summary":
      return "says what it works on";
    case "topic.subscribed":
    case "topic.unsubscribed":
      return `${verb} ${event.topic}`;
    case "push.proven":
    case "push.failing":
      return `push path ${event.path} ${verb}`;
    default:
      return `${noun === "agent" ? "" : `${noun} `}${verb}`;
  }
}
