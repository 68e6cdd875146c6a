/** What a broker shows who connects to it over TLS, and where that comes from: the port that its two sources implement. */
import { createHash, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { Pair } from "./certificates.ts";

/** A server certificate in use. */
export interface ServerIdentity extends Pair {
  /** Names and addresses that the certificate is for. */
  readonly names: readonly string[];
  /** When it ends. */
  readonly endsAt: number;
  /** The certificate, as PEM, that machines trust alone: none where every system trusts its authority already. */
  readonly anchor: string | undefined;
}

/** Where server certificates come from. */
export interface IdentitySource {
  /** The one to use now. @throws StateFolderError, TlsFilesError where there is none */
  current(): Promise<ServerIdentity>;
}

/** The files that `--tls-cert` and `--tls-key` name cannot be used. */
export class TlsFilesError extends Error {
  override readonly name = "TlsFilesError";
}

/** The SHA-256 of a certificate, in hex: by it a machine knows an authority that it has never seen. */
export function pinOf(pem: string): string {
  return createHash("sha256").update(new X509Certificate(pem).raw).digest("hex");
}

/** The identity that a pair is. @throws what Node says of one that is no certificate */
export function identityOf(pair: Pair, anchor: string | undefined): ServerIdentity {
  const certificate = new X509Certificate(pair.cert);
  return { ...pair, anchor, names: subjectNames(certificate), endsAt: Date.parse(certificate.validTo) };
}

/** Whether a certificate is for a name or an address. */
export function isFor(certificate: X509Certificate, name: string): boolean {
  return (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined;
}

/** The names and addresses in a certificate; names with a `*` are left out, for they name no host. */
function subjectNames({ subjectAltName = "" }: X509Certificate): string[] {
  const names = [...subjectAltName.matchAll(/(?:^|, )(?:DNS|IP Address):([^,"]+)/g)].map(([, name = ""]) => name);
  return names.filter((name) => !name.includes("*")).map(shortAddress);
}

/** Node writes an address of IPv6 in all its groups. */
function shortAddress(name: string): string {
  return isIP(name) === 6 ? new URL(`http://[${name}]`).hostname.slice(1, -1) : name.toLowerCase();
}
