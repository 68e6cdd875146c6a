/** Addresses of brokers as a flag or the environment names them. */
import { isCalled, loopbackHost, PortSetting, settingOf, WrongSettingError } from "@agentmesh/protocol";
import { Hindrance } from "../../errors.ts";
import { type JoinedMesh, MAX_JOINED_URLS } from "../joined-mesh.ts";

/** What a flag or the environment says of the broker's address is none. */
export class WrongAddressError extends Hindrance {
  override readonly name = "WrongAddressError";
}

/** The address to try. */
export interface BrokerAddress {
  readonly url: string;
  /** The broker of this state folder: it has to prove itself, and may be started where it is missing. */
  readonly local: boolean;
  /** Nobody named it: it is where the folder's broker was last or usually is, and that may be on another port by now. */
  readonly unnamed?: true;
  /** What named it, as in `--url` or `AGENTMESH_PORT`; of a joined mesh its file. */
  readonly namedBy?: string;
  /** It is the broker of the mesh that this machine has joined. */
  readonly joined?: JoinedMesh;
  /** Where several were named: each, in their order; `url` is the first. Of several brokers none is started by a client. */
  readonly several?: readonly BrokerAddress[];
}

/** The address as it is said of a broker that was not found yet: each of several. */
export function saidAddress({ url, several }: BrokerAddress): string {
  return several?.map((each) => each.url).join(", ") ?? url;
}

/** Variables that name a port, the first that is set. */
export const PORT_NAMES = ["AGENTMESH_PORT", "CLAUDE_PEERS_PORT"] as const;
const URL_NAMES = ["AGENTMESH_URL", "CLAUDE_PEERS_BROKER_URL"] as const;

/** The addresses that the environment names. @throws WrongAddressError */
export function namedIn(env: NodeJS.ProcessEnv): readonly BrokerAddress[] {
  for (const name of URL_NAMES) {
    const said = env[name];
    if (said) return namedUrls(said, name);
  }
  return [];
}

/** The addresses in a text, with commas between, each once. @throws WrongAddressError */
export function namedUrls(text: string, namedBy: string): readonly BrokerAddress[] {
  const said = text.split(",").map((each) => each.trim());
  const each = new Map(said.map((one) => addressOf(one, namedBy, text)).map((one) => [one.url, one]));
  if (each.size <= MAX_JOINED_URLS) return [...each.values()];
  throw new WrongAddressError(
    `${namedBy} takes ${MAX_JOINED_URLS} addresses at most, and has ${each.size}: a name in DNS may stand for more.`,
  );
}

/** The port that the environment names; `auto` and 0 leave it to the broker. @throws WrongAddressError */
export function portOf(env: NodeJS.ProcessEnv): { readonly name: string; readonly port: number } | undefined {
  const name = PORT_NAMES.find((each) => env[each]);
  if (name === undefined) return undefined;
  try {
    const port = settingOf(name, PortSetting, env[name]);
    return port === "auto" || port === 0 ? undefined : { name, port };
  } catch (error) {
    throw error instanceof WrongSettingError ? new WrongAddressError(error.message) : error;
  }
}

function addressOf(text: string, namedBy: string, whole: string): BrokerAddress {
  const of = text === whole ? "" : ` in ${JSON.stringify(whole)}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    throw new WrongAddressError(
      `${namedBy} takes an address such as http://127.0.0.1:7899, not ${JSON.stringify(text)}${of}.`,
    );
  }
  if (!isCalled(Number(url.port))) {
    throw new WrongAddressError(
      `${namedBy} takes an address with a port that fetch and browsers connect to, such as http://127.0.0.1:7899, not ${JSON.stringify(text)}${of}.`,
    );
  }
  const host = url.protocol === "http:" ? loopbackHost(url.hostname) : undefined;
  // A name below localhost is how a proxy in front of a broker is reached, never what a broker listens on.
  if (host === undefined || host.endsWith(".localhost")) return { url: url.origin, local: false, namedBy };
  return { url: `http://${host}${url.port === "" ? "" : `:${url.port}`}`, local: true, namedBy };
}
