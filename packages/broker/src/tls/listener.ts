/** The listener that other machines reach over TLS: which certificate it shows, renewed while it is used, and under which names. */
import { hostname } from "node:os";
import type { Config } from "../config/schema.ts";
import { type TlsPlace, tlsPlace } from "../config/tls-place.ts";
import type { RemoteFacts } from "../http/routes/system.ts";
import type { SecureServer, Shown } from "../http/servers.ts";
import { listenOn } from "../listening.ts";
import type { Clock } from "../mesh/clock.ts";
import type { Notice } from "../store/sqlite/context.ts";
import { type IdentitySource, pinOf, type ServerIdentity } from "./identity.ts";
import { NamedFiles } from "./named-files.ts";
import { inUrl, namesOf, remoteNames } from "./names.ts";
import { OwnAuthority } from "./own-authority.ts";

/** How often it is looked whether another certificate is to be shown, in milliseconds; sooner where they live shortly. */
const LOOK_EVERY_MS = 10_000;

/** So long before it ends a certificate that the broker cannot renew itself is warned of. */
const ENDS_SOON_MS = 14 * 86_400_000;

/** Most addresses that other machines are told. */
const MOST_URLS = 16;

/** What it takes. */
export interface SecureListenerParts {
  readonly config: Config;
  readonly place: TlsPlace;
  readonly clock: Clock;
  readonly notice: Notice;
  /** Makes the server once there is something to show. */
  readonly server: (shown: Shown) => SecureServer;
}

/** A listener over TLS. */
export class SecureListener {
  readonly #parts: SecureListenerParts;
  readonly #source: IdentitySource;
  readonly #server: SecureServer;
  readonly #timer: ReturnType<typeof setInterval>;
  #identity: ServerIdentity;
  #port = 0;
  #trouble: string | undefined;

  private constructor(parts: SecureListenerParts, source: IdentitySource, identity: ServerIdentity) {
    this.#parts = parts;
    this.#source = source;
    this.#identity = identity;
    this.#server = parts.server(identity);
    const everyMs = Math.min(LOOK_EVERY_MS, parts.config.tlsCertificateMs / 10);
    this.#timer = setInterval(() => void this.#look(), everyMs).unref();
  }

  /** Listens where `--tls` says; undefined without it. @throws StateFolderError, TlsFilesError, PortTakenError */
  static async open(parts: Omit<SecureListenerParts, "place">): Promise<SecureListener | undefined> {
    const place = tlsPlace(parts.config.tls);
    if (!place) return undefined;
    const source = sourceOf({ ...parts, place });
    const listener = new SecureListener({ ...parts, place }, source, await source.current());
    try {
      listener.#port = await listenOn(listener.#server, place.host, place.port, "--tls");
    } catch (error) {
      listener.close();
      throw error;
    }
    listener.#warnOfEnd();
    return listener;
  }

  /** The Host headers that name this broker here. */
  get hosts(): ReadonlySet<string> {
    const own = this.#identity.names.flatMap((name) => [`${inUrl(name)}:${this.#port}`, inUrl(name)]);
    // Without its port a name is asked for at the usual one of https alone.
    const usual = this.#port === 443 ? own : own.filter((name) => name.endsWith(`:${this.#port}`));
    return new Set([...usual, ...this.#parts.config.allowedHosts].map((name) => name.toLowerCase()));
  }

  get port(): number {
    return this.#port;
  }

  /** What other machines are told. */
  get facts(): RemoteFacts {
    const { anchor, endsAt, names } = this.#identity;
    const remote = remoteNames(this.#parts.place, this.#namesNow(names)).slice(0, MOST_URLS);
    return {
      urls: remote.map((name) => new URL(`https://${inUrl(name)}:${this.#port}`).origin),
      ca: anchor,
      pin: anchor && pinOf(anchor),
      endsAt: new Date(endsAt).toISOString(),
    };
  }

  /** Of the names in the certificate those that this machine still has: one of our own outlives addresses that it was made for. */
  #namesNow(names: readonly string[]): readonly string[] {
    const { config, place } = this.#parts;
    if (config.tlsCert !== "") return names;
    const now = new Set(namesOf(place, hostname(), config.allowedHosts));
    return names.filter((name) => now.has(name));
  }

  /** Looks no more whether there is another certificate. */
  close(): void {
    clearInterval(this.#timer);
  }

  /** Shows the next certificate to those who connect from now on; connections that are open keep theirs. */
  async #look(): Promise<void> {
    const { notice } = this.#parts;
    try {
      const next = await this.#source.current();
      this.#trouble = undefined;
      if (next.cert === this.#identity.cert) return;
      this.#server.setSecureContext({ cert: next.cert, key: next.key });
      this.#identity = next;
      notice("info", "tls.renewed", { endsAt: new Date(next.endsAt).toISOString(), names: next.names });
      this.#warnOfEnd();
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      // Said once: it is looked at again and again, and the certificate in use goes on.
      if (detail !== this.#trouble) notice("warn", "tls.not_renewed", { detail });
      this.#trouble = detail;
    }
  }

  #warnOfEnd(): void {
    const { endsAt } = this.#identity;
    if (this.#parts.config.tlsCert === "" || endsAt - this.#parts.clock.now() > ENDS_SOON_MS) return;
    const at = new Date(endsAt).toISOString();
    const detail = `The certificate in ${this.#parts.config.tlsCert} ends at ${at}. Renew it there: the broker reads it again by itself.`;
    this.#parts.notice("warn", "tls.ends_soon", { detail });
  }
}

function sourceOf({ config, place, clock }: SecureListenerParts & { readonly place: TlsPlace }): IdentitySource {
  if (config.tlsCert !== "") return new NamedFiles(config.tlsCert, config.tlsKey);
  return new OwnAuthority({
    home: config.home,
    names: () => namesOf(place, hostname(), config.allowedHosts),
    lifeMs: config.tlsCertificateMs,
    now: () => clock.now(),
  });
}
