/** Routes of sign-ins at the page. */
import type { Mesh } from "../../mesh/mesh.ts";
import { addressOf } from "../address.ts";
import type { Bind } from "../bind.ts";
import type { WrongTokens } from "../budgets/wrong-tokens.ts";
import { setCookie } from "../page/cookie.ts";
import type { BrokerFacts } from "./system.ts";

/** Binds them. A code that nobody has is answered, and counted, as a wrong token. */
export function pageRoutes(bind: Bind, { signIns }: Mesh, facts: BrokerFacts, wrong: WrongTokens): void {
  bind("pageCode", async ({ caller, body }) => {
    const urls = [...new Set([facts.url(), ...(facts.remote()?.urls ?? [])])];
    return { ...(await signIns.code(caller, body)), urls: urls.map((url) => `${url}/ui`) };
  });
  bind("signIn", async ({ body, request, reply }) => {
    const address = addressOf(request.raw.socket);
    const signedIn = await signIns.signIn(body.code, address);
    if (!signedIn) throw wrong.refusal(address ?? "an unknown address", "code");
    const { cookie, own } = signedIn;
    reply.header("set-cookie", setCookie(request.raw, facts.port, cookie, Date.parse(own.until)));
    return own;
  });
  bind("ownSignIn", ({ caller }) => signIns.own(caller.page));
  bind("signOut", async ({ caller, request, reply }) => {
    await signIns.signOut(caller.page);
    reply.header("set-cookie", setCookie(request.raw, facts.port, "", 0));
    return { signedOut: true as const };
  });
  bind("listSignIns", async () => signIns.list());
  bind("revokeSignIn", async ({ caller, params }) => ({ ended: await signIns.revoke(caller, params.id) }));
}
