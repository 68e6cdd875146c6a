/** Signing in: the code in the fragment of the address is exchanged once; a reload asks who the cookie's is. */
import type { OwnSignIn } from "@agentmesh/protocol";
import { signal } from "@preact/signals";
import { Refusal } from "../stream/ask.ts";
import { act, keepPageValue, look, signedOut } from "./calls.ts";

/** The sign-in; `undefined` until it is known, and why there is none. */
export const ownSignIn = signal<OwnSignIn | undefined>(undefined);
export const signedOutWhy = signal<string | undefined>(undefined);

signedOut.told = () => {
  ownSignIn.value = undefined;
  signedOutWhy.value ??= "This browser is not signed in, or not any more.";
};

/** Signs in by the code in the address, or by the cookie of before; whether the page is signed in now. */
export async function signIn(): Promise<boolean> {
  const code = /[#&]code=([\w-]+)/.exec(location.hash)?.[1];
  if (code !== undefined) history.replaceState(null, "", location.pathname + location.search);
  try {
    const answered =
      code === undefined
        ? await look<OwnSignIn>("/v1/ui/sign-in")
        : await act<OwnSignIn>("POST", "/v1/ui/sign-in", { code });
    keepPageValue(answered.page);
    signedOutWhy.value = undefined;
    ownSignIn.value = answered;
    return true;
  } catch (error) {
    signedOutWhy.value =
      error instanceof Refusal
        ? code === undefined
          ? "This browser is not signed in."
          : error.message
        : "The broker does not answer.";
    return false;
  }
}

/** Ends the sign-in, here and at the broker. */
export async function signOut(): Promise<void> {
  await act("DELETE", "/v1/ui/sign-in").catch(() => {});
  keepPageValue("");
  signedOutWhy.value = "Signed out.";
  ownSignIn.value = undefined;
}

/** Whether the page may change something. */
export function mayChange(): boolean {
  return ownSignIn.value?.readOnly === false;
}
