/** What the tabs of a browser share: one hub, in a worker that lives as long as any of them. */
import { Hub } from "./hub.ts";

const hub = new Hub();

addEventListener("connect", (event) => {
  const [port] = event instanceof MessageEvent ? event.ports : [];
  if (port) hub.add(port);
});
