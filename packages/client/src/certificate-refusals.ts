/** Why a broker's certificate was not trusted, in sentences: each is said before anything secret was sent. */
import { UntrustedBrokerError } from "./errors.ts";

/** Codes of OpenSSL, as Node and Deno say them, and of Bun, for what is wrong with a certificate. */
const KINDS: Readonly<Record<string, Kind>> = {
  SELF_SIGNED_CERT_IN_CHAIN: "authority",
  DEPTH_ZERO_SELF_SIGNED_CERT: "authority",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "authority",
  UNABLE_TO_GET_ISSUER_CERT: "authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "authority",
  CERT_SIGNATURE_FAILURE: "authority",
  CERT_UNTRUSTED: "authority",
  INVALID_CA: "authority",
  INVALID_PURPOSE: "authority",
  CERT_HAS_EXPIRED: "ended",
  CERT_NOT_YET_VALID: "not yet",
  ERR_TLS_CERT_ALTNAME_INVALID: "name",
  HOSTNAME_MISMATCH: "name",
  IP_ADDRESS_MISMATCH: "name",
};

type Kind = "authority" | "ended" | "not yet" | "name" | "no tls";

/** The same in a few words. */
const WHY: Readonly<Record<Kind, string>> = {
  authority: "a certificate of another authority",
  ended: "a certificate that has ended",
  "not yet": "a certificate that is not valid yet",
  name: "a certificate for other names",
  "no tls": "it speaks no TLS",
};

/** The error for a certificate that was not trusted, or a port that speaks no TLS; undefined for every other failure. */
export function certificateRefusal(
  url: string,
  error: unknown,
  { isPinned }: { readonly isPinned: boolean },
): UntrustedBrokerError | undefined {
  for (let each = error, depth = 0; each instanceof Error && depth < 8; each = each.cause, depth++) {
    const kind = kindOf(each);
    if (kind) {
      const said = sentences(kind, url, each, isPinned);
      return new UntrustedBrokerError(said, { cause: error, passes: false, why: WHY[kind] });
    }
  }
  return undefined;
}

function kindOf(error: Error): Kind | undefined {
  const code = "code" in error ? String(error.code) : "";
  // What OpenSSL makes of bytes that are no TLS; Node says EPROTO of them, and of whatever else goes wrong in a handshake.
  if (/wrong version number|packet length too long|:http request/.test(error.message)) return "no tls";
  // Deno says these as sentences of its TLS library.
  if (/invalid peer certificate: (UnknownIssuer|BadSignature|CaUsedAsEndEntity)/.test(error.message))
    return "authority";
  if (/invalid peer certificate: .*(Expired|expired)/.test(error.message)) return "ended";
  if (/invalid peer certificate: .*(NotValidForName|not valid for)/.test(error.message)) return "name";
  return KINDS[code];
}

function sentences(kind: Kind, url: string, error: Error, isPinned: boolean): string {
  const unsent = "Nothing secret was sent.";
  switch (kind) {
    case "authority":
      return isPinned
        ? `${url} shows a certificate of another authority than the one that this machine joined: somebody may stand between, another machine may have that address here, or the broker has a new authority. ${unsent} If it is a new one, join again: agentmesh leave, then agentmesh join with a new invite.`
        : `${url} shows a certificate whose authority this system does not know. ${unsent} If that is an agentmesh broker with its own authority, join it: agentmesh invite there, agentmesh join here; a program of its own gives the certificate as ca.`;
    case "ended":
      return `The certificate of ${url} has ended. ${unsent} Look at the clocks of both machines. The broker renews its own certificate; one of --tls-cert is to be renewed there.`;
    case "not yet":
      return `The certificate of ${url} is valid from a later time on. ${unsent} Look at the clocks of both machines: the one here is behind, or the one there was ahead.`;
    case "name":
      return `The certificate of ${url} is not for that name${namesIn(error)}. ${unsent} Use one of its names, or start the broker with --allowed-hosts ${new URL(url).hostname}.`;
    case "no tls":
      return `${url} does not speak TLS: another program, or a broker's plain port, is there. ${unsent} Look at which address the broker says: agentmesh status on its machine.`;
  }
}

/** Which names a certificate has, where the error says it. */
function namesIn(error: Error): string {
  const [, names] = /is not in the cert's list: (.*)$|altnames: (.*)$/.exec(error.message)?.filter(Boolean) ?? [];
  return names === undefined ? "" : ` (it has ${names.slice(0, 300).trim()})`;
}
