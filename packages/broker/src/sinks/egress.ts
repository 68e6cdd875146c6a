/** The egress guard: which URLs the broker posts to. A URL is judged when it is set, an address whenever it is used. */
import { lookup } from "node:dns";
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { MeshError } from "../mesh/errors.ts";
import { addressKind, networks, withoutZone } from "./address.ts";

/** What the operator decides. Nothing of it can be set over the wire. */
export interface EgressRules {
  /** Whether posts may go to this machine's loopback. */
  readonly loopback: boolean;
  /** Addresses (`192.168.1.7`), networks (`10.0.0.0/8`) and origins (`http://hermes:8644`) that are allowed besides. */
  readonly allow: readonly string[];
  /** The port this broker listens on. */
  readonly ownPorts: () => readonly number[];
  /** All addresses of a name; replaced in tests by a resolver of the outside world that lies. */
  readonly resolve?: (name: string) => Promise<readonly string[]>;
}

/** A URL or an address was refused; `publicly` says it to everybody, without an address. */
export class EgressError extends MeshError {
  readonly publicly: string;

  constructor(publicly: string, detail: string) {
    super("webhook_url_forbidden", detail);
    this.publicly = publicly;
  }
}

/** Longest wait for a resolver, in milliseconds. */
const RESOLVE_MS = 3_000;
const LOW_PORTS = new Set([80, 443]);
const FIRST_FREE_PORT = 1_024;
const NEVER_ALLOWED = "an unspecified, link-local or multicast address or a cloud's metadata service: never allowed.";
const SETTING = "webhookAllow (--webhook-allow, AGENTMESH_WEBHOOK_ALLOW, config.json of the broker)";

/** The guard of one broker. */
export class Egress {
  readonly #rules: EgressRules;
  readonly #origins: ReadonlySet<string>;
  readonly #isAllowed: (address: string) => boolean;

  constructor(rules: EgressRules) {
    this.#rules = rules;
    const origins = rules.allow.filter((entry) => entry.includes("://"));
    this.#origins = new Set(origins.map((origin) => new URL(origin).origin));
    this.#isAllowed = networks(
      rules.allow
        .filter((entry) => !entry.includes("://"))
        .map((entry) => {
          const [address = "", prefix] = entry.split("/");
          return [address, prefix === undefined ? (isIP(address) === 4 ? 32 : 128) : Number(prefix)] as const;
        }),
    );
  }

  /** Judges the text of a URL, without asking anybody for its addresses. @throws EgressError */
  parse(text: string): URL {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (!url) throw refused("its URL is none", "That is not a URL. Write one like http://127.0.0.1:8080/hook.");
    const { protocol, hostname, host, origin } = url;
    if (protocol !== "https:" && protocol !== "http:") {
      throw refused("its URL is not http", `${protocol} is refused: a webhook has an http or https URL.`);
    }
    if (url.username !== "" || url.password !== "") {
      throw refused(
        "its URL holds credentials",
        `A name or password in the URL is refused. Write ${origin}${url.pathname}.`,
      );
    }
    if (hostname.endsWith(".")) {
      throw refused("its host ends in a dot", `Write ${host.replace(/\.(?=:|$)/, "")} without the dot at the end.`);
    }
    const address = hostname.replace(/^\[|\]$/g, "");
    if (isIP(address) === 4 && writtenHost(text) !== hostname) {
      const advice = addressKind(address) === "forbidden" ? `, ${NEVER_ALLOWED}` : ". Write it so.";
      throw refused("its address is written oddly", `"${writtenHost(text)}" means ${hostname}${advice}`);
    }
    const port = portOf(url);
    if (!LOW_PORTS.has(port) && port < FIRST_FREE_PORT && !this.#origins.has(origin)) {
      throw refused(
        "its port is refused",
        `Port ${port} is refused: use 80, 443 or one from 1024 on, or ${allowing(origin)}.`,
      );
    }
    if (isIP(address) !== 0) this.#judge(url, [address]);
    else this.#judgeName(url);
    return url;
  }

  /**
   * The addresses that a connection to this URL may use now, all of them judged: of a mixed answer none is used.
   * @throws EgressError
   */
  async addresses(url: URL): Promise<readonly string[]> {
    const host = url.hostname.replace(/^\[|\]$/g, "");
    if (isIP(host) !== 0) return this.#judge(url, [host]);
    // RFC 6761: localhost is loopback, whatever a resolver says.
    if (host === "localhost") return this.#judge(url, ["127.0.0.1", "::1"]);
    let found: readonly string[];
    try {
      found = await Promise.race([(this.#rules.resolve ?? resolveAll)(host), afterMs(RESOLVE_MS)]);
    } catch {
      found = [];
    }
    if (found.length === 0)
      throw refused("its name has no address", `The name ${host} has no address, or no resolver answers.`);
    return this.#judge(url, found.map(withoutZone));
  }

  /** @throws EgressError */
  #judgeName(url: URL): void {
    const { hostname, origin } = url;
    if (hostname === "localhost" || this.#origins.has(origin)) return;
    if (!hostname.includes(".") || /\.(localhost|local|internal)$/.test(hostname)) {
      throw refused("its host is a private name", `${hostname} is a private name. To allow it, ${allowing(origin)}.`);
    }
  }

  /** @throws EgressError unless every address is allowed for this URL */
  #judge(url: URL, addresses: readonly string[]): readonly string[] {
    const named = isIP(url.hostname.replace(/^\[|\]$/g, "")) === 0;
    for (const address of addresses) this.#judgeOne(url, address, named);
    return addresses;
  }

  #judgeOne(url: URL, address: string, named: boolean): void {
    const { origin, protocol, hostname } = url;
    const kind = addressKind(address);
    const which = named ? `${hostname} is ${address}, which` : address;
    if (kind === "forbidden") {
      throw refused("its address is never allowed", `${which} is ${NEVER_ALLOWED}`);
    }
    if (this.#rules.ownPorts().includes(portOf(url)) && (kind === "loopback" || isOwn(address))) {
      throw refused("it is this broker", `${which} on port ${portOf(url)} is this broker itself.`);
    }
    if (this.#origins.has(origin) || this.#isAllowed(address)) return;
    if (kind === "loopback") {
      if (named && hostname !== "localhost") {
        throw refused("its name means loopback", `${which} is loopback. Write http://127.0.0.1:${portOf(url)}.`);
      }
      if (this.#rules.loopback) return;
      throw refused(
        "loopback is refused",
        `${which} is loopback, which this broker refuses: other machines may reach it. To allow it, ${allowing(origin)}, or set webhookLoopback to allow.`,
      );
    }
    if (kind === "special") {
      throw refused(
        "its address is private",
        `${which} is a private or reserved address. To allow it, add ${address} or its network to ${SETTING}.`,
      );
    }
    if (protocol === "http:") {
      throw refused(
        "it is http to a public address",
        `${which} is public: use https, or to allow http ${allowing(origin)}.`,
      );
    }
  }
}

/** The port of a URL, also when it is the protocol's own. */
export function portOf({ protocol, port }: URL): number {
  return port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
}

function refused(publicly: string, detail: string): EgressError {
  return new EgressError(`the broker refuses to post there: ${publicly}`, detail);
}

function allowing(origin: string): string {
  return `add ${origin} to ${SETTING} and restart the broker`;
}

/** The host as it stands in the text, in lower case. */
function writtenHost(text: string): string {
  const authority = /^\s*[a-z][a-z0-9+.-]*:[/\\]*([^/\\?#]*)/i.exec(text)?.[1] ?? "";
  return authority
    .slice(authority.lastIndexOf("@") + 1)
    .replace(/:\d*$/, "")
    .toLowerCase();
}

function isOwn(address: string): boolean {
  return Object.values(networkInterfaces()).some((own) => own?.some((each) => each.address === address));
}

function resolveAll(name: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    lookup(name, { all: true, verbatim: true }, (error, found) => {
      if (error) reject(error);
      else resolve(found.map(({ address }) => address));
    });
  });
}

function afterMs(ms: number): Promise<never> {
  return new Promise((_, reject) => setTimeout(() => reject(new Error(`nothing within ${ms} ms`)), ms).unref());
}
