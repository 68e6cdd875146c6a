/** Where the page is: what is shown, and the browser's history of it. */
import { signal } from "@preact/signals";
import { type Address, addressOf, pathOf } from "./paths.ts";

/** What is shown now. */
export const address = signal<Address>({ view: "needs" });

/** Shows something, and notes it in the browser's history unless it `replaces` what is shown. */
export function goTo(to: Address, replaces = false): void {
  const path = pathOf(to);
  if (replaces) history.replaceState(null, "", path);
  else if (path !== location.pathname + location.search) history.pushState(null, "", path);
  address.value = to;
}

/** Shows what the browser's address says, now and whenever the person goes back or forward. */
export function followAddress(): void {
  const read = () => {
    address.value = addressOf(location.pathname, location.search);
  };
  addEventListener("popstate", read);
  read();
}
