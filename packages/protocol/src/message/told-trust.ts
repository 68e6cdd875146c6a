/** What is said of a message's trust. */
import type { Trust } from "../agent.ts";

/** What is said of a message's trust where everyday things are left out: undefined for one from the same machine. */
export function toldTrust(trust: string | undefined, { trust: sender }: { readonly trust: Trust }): string | undefined {
  const known = trust ?? (sender === "verified" ? "same-machine" : sender);
  return known === "same-machine" ? undefined : known;
}
