/** Certificates as they are made: an authority of the broker's own, and server certificates that it signs. */
import "reflect-metadata";
import { createPrivateKey, createPublicKey, KeyObject, randomBytes, type webcrypto } from "node:crypto";
import { isIP } from "node:net";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** A certificate with its private key, both as PEM. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** So far back a certificate begins: the clock of another machine may be behind. */
const BACKDATED_MS = 86_400_000;

/** How long an authority lasts: machines that joined trust it by its pin, and nothing replaces it for them. */
const AUTHORITY_MS = 20 * 365 * 86_400_000;

/** Makes an authority: its certificate signs itself and nothing but server certificates. */
export async function makeAuthority(now: number): Promise<Pair> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    // A name of its own: two authorities of one name would be taken for each other where a chain is built.
    name: [{ CN: [`agentmesh ${randomBytes(6).toString("hex")}`] }],
    serialNumber: serial(),
    notBefore: new Date(now - BACKDATED_MS),
    notAfter: new Date(now + AUTHORITY_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: pemOf(certificate), key: keyPem(keys.privateKey) };
}

/** Makes a server certificate for these names and addresses, of which the first is its subject. */
export async function makeServerPair(
  authority: Pair,
  names: readonly string[],
  now: number,
  lifeMs: number,
): Promise<Pair> {
  const ca = new X509Certificate(authority.cert);
  const signer = createPrivateKey(authority.key);
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.create({
    issuer: ca.subject,
    subject: [{ CN: [names[0]?.slice(0, 64) ?? "agentmesh"] }],
    serialNumber: serial(),
    notBefore: new Date(now - BACKDATED_MS),
    notAfter: new Date(now + lifeMs),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: signer.toCryptoKey(ALGORITHM, false, ["sign"]),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(createPublicKey(signer).toCryptoKey(ALGORITHM, true, ["verify"])),
      new SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? ("dns" as const) : ("ip" as const), value })),
      ),
    ],
  });
  return { cert: pemOf(certificate), key: keyPem(keys.privateKey) };
}

function pemOf(certificate: X509Certificate): string {
  return `${certificate.toString("pem").trim()}\n`;
}

function keyPem(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: "pkcs8", format: "pem" }).toString();
}

/** A positive number of 127 bits (RFC 5280 §4.1.2.2). */
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}
