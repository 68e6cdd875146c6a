/** The broker's own certificate authority: made in the state folder at its first use, it signs what the broker shows. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { chmodSync, lstatSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { refusedBy, StateFolderError } from "../state-files.ts";
import { writeWhole } from "../whole-file.ts";
import type { Pair } from "./certificates.ts";
import { type IdentitySource, identityOf, isFor, type ServerIdentity } from "./identity.ts";

/** What it takes. */
export interface OwnAuthorityTerms {
  /** The state folder. */
  readonly home: string;
  /** Names and addresses that a certificate has to have now. */
  readonly names: () => readonly string[];
  /** How long a server certificate lasts, in milliseconds. */
  readonly lifeMs: number;
  readonly now: () => number;
}

/** Server certificates that the broker signs itself, a new one when a third of the last one's life is left. */
export class OwnAuthority implements IdentitySource {
  readonly #terms: OwnAuthorityTerms;
  readonly #folder: string;

  constructor(terms: OwnAuthorityTerms) {
    this.#terms = terms;
    this.#folder = join(terms.home, "tls");
  }

  async current(): Promise<ServerIdentity> {
    const { names, lifeMs, now } = this.#terms;
    this.#makeFolder();
    const authority = await this.#authority();
    const kept = this.#read("server");
    if (kept && isUsable(kept, authority, names(), now() + lifeMs / 3)) return identityOf(kept, authority.cert);
    const { makeServerPair } = await import("./certificates.ts");
    const made = await makeServerPair(authority, names(), now(), lifeMs);
    this.#write("server", made);
    return identityOf(made, authority.cert);
  }

  /** One that was left half made, its certificate not written, is made anew: nobody has seen it. */
  async #authority(): Promise<Pair> {
    const kept = this.#read("ca");
    const path = (name: string) => join(this.#folder, name);
    if (kept) {
      if (fits(kept) && new X509Certificate(kept.cert).ca) return kept;
      throw new StateFolderError(
        `${path("ca.key")} is not the key of ${path("ca.pem")}. Put both back from one backup; or move ${this.#folder} away: the broker makes a new authority, and machines that had joined join again.`,
      );
    }
    if (lstatSync(path("ca.pem"), { throwIfNoEntry: false })) {
      throw new StateFolderError(
        `${path("ca.key")} is missing: without it the broker cannot sign for the machines that trust ${path("ca.pem")}. Put it back from a backup; or move ${this.#folder} away: the broker makes a new authority, and machines that had joined join again.`,
      );
    }
    const { makeAuthority } = await import("./certificates.ts");
    const made = await makeAuthority(this.#terms.now());
    this.#write("ca", made);
    return made;
  }

  #makeFolder(): void {
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      if (process.platform !== "win32" && (lstatSync(this.#folder).mode & 0o077) !== 0) chmodSync(this.#folder, 0o700);
    } catch (error) {
      throw refusedBy(error, this.#folder, "cannot be used", { path: this.#folder });
    }
  }

  /** Both files of a pair; undefined where one is missing. @throws StateFolderError */
  #read(name: "ca" | "server"): Pair | undefined {
    const cert = this.#text(`${name}.pem`);
    const key = this.#text(`${name}.key`);
    return cert === undefined || key === undefined ? undefined : { cert, key };
  }

  #text(name: string): string | undefined {
    const path = join(this.#folder, name);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    if (process.platform !== "win32" && name.endsWith(".key") && (!stat.isFile() || (stat.mode & 0o077) !== 0)) {
      throw new StateFolderError(`${path} can be read by other users. Run: chmod 600 ${path}`);
    }
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      throw refusedBy(error, path, "cannot be read", { path });
    }
  }

  /** The key first: a certificate without one would be believed and could not be used. */
  #write(name: "ca" | "server", { cert, key }: Pair): void {
    for (const [path, text] of [
      [join(this.#folder, `${name}.key`), key],
      [join(this.#folder, `${name}.pem`), cert],
    ] as const) {
      try {
        writeWhole(path, text);
      } catch (error) {
        throw refusedBy(error, path, "cannot be written", { path });
      }
    }
  }
}

/** Whether a certificate and a key are one pair. */
function fits({ cert, key }: Pair): boolean {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

function isUsable(pair: Pair, authority: Pair, names: readonly string[], until: number): boolean {
  if (!fits(pair)) return false;
  const certificate = new X509Certificate(pair.cert);
  const signer = new X509Certificate(authority.cert);
  return (
    certificate.checkIssued(signer) &&
    certificate.verify(signer.publicKey) &&
    Date.parse(certificate.validTo) > until &&
    names.every((name) => isFor(certificate, name))
  );
}
