/** The certificate and key that `--tls-cert` and `--tls-key` name: read again when another program has renewed them. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { systemRefusal } from "@agentmesh/protocol";
import { refusals } from "../state-files.ts";
import { type IdentitySource, identityOf, type ServerIdentity, TlsFilesError } from "./identity.ts";

/** Server certificates out of two files. */
export class NamedFiles implements IdentitySource {
  readonly #cert: string;
  readonly #key: string;

  constructor(cert: string, key: string) {
    this.#cert = cert;
    this.#key = key;
  }

  async current(): Promise<ServerIdentity> {
    const pair = { cert: textOf(this.#cert), key: textOf(this.#key) };
    try {
      createSecureContext(pair);
      if (!new X509Certificate(pair.cert).checkPrivateKey(createPrivateKey(pair.key))) throw new Error("they differ");
    } catch (error) {
      throw new TlsFilesError(
        `${this.#cert} (--tls-cert) and ${this.#key} (--tls-key) are not a certificate and its key as PEM: ${error instanceof Error ? error.message : error}. The certificate of the server stands first in its file, then those between it and its authority; the key has no passphrase.`,
      );
    }
    return identityOf(pair, anchorIn(pair.cert));
  }
}

/** The certificate at the end of the chain, where it signs itself: systems do not know such an authority. */
function anchorIn(chain: string): string | undefined {
  const all = chain.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const last = all.at(-1);
  if (last === undefined) return undefined;
  const certificate = new X509Certificate(last);
  return certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey) ? `${last}\n` : undefined;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const refusal = systemRefusal(error);
    const said = refusal ? refusals.sentences(refusal, { about: path, denied: "cannot be read", path }) : String(error);
    throw new TlsFilesError(said, { cause: error });
  }
}
