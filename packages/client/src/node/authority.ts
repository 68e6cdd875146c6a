/** The certificate authority of a broker that this machine is about to join: fetched from anybody, believed by its pin alone. */
import { createHash, X509Certificate } from "node:crypto";
import { request } from "node:https";
import { Authority, endpoints, thisMachine } from "@agentmesh/protocol";
import { certificateRefusal } from "../certificate-refusals.ts";
import { BrokerUnreachableError, UntrustedBrokerError } from "../errors.ts";
import { remoteAbsence } from "./addresses/remote-broker.ts";

/** How long the broker has to answer, in milliseconds. */
const ANSWERS_WITHIN_MS = 10_000;

/** More than any certificate: whatever answers is not read without end. */
const MOST_BYTES = 65_536;

/** The SHA-256 of a certificate, in hex, as an invite has it. @throws what Node says of a text that is no certificate */
export function pinOf(pem: string): string {
  return createHash("sha256").update(new X509Certificate(pem).raw).digest("hex");
}

/**
 * The certificate, as PEM, with this pin, asked of the broker at an address. Nothing secret is sent, and whoever answers is believed
 * only what the pin proves; the connections after it trust that certificate alone.
 * @throws UntrustedBrokerError when its pin is another one, BrokerUnreachableError; the signal's reason
 */
export async function authorityAt(url: string, pin: string, signal?: AbortSignal): Promise<string> {
  const inTime = AbortSignal.timeout(ANSWERS_WITHIN_MS);
  const both = signal ? AbortSignal.any([signal, inTime]) : inTime;
  let text: string;
  try {
    text = await fetched(new URL(endpoints.authority.path, url), both);
  } catch (error) {
    signal?.throwIfAborted();
    throw (
      certificateRefusal(url, error, { isPinned: true }) ?? remoteAbsence(url, inTime.aborted ? inTime.reason : error)
    );
  }
  const ca = authorityIn(text);
  if (ca !== undefined && pinIn(ca) === pin.toLowerCase()) return ca;
  throw new UntrustedBrokerError(
    ca === undefined
      ? `${url} does not show the certificate authority that the invite names. It may be another program, or somebody who stands between. Nothing secret was sent.`
      : `${url} shows another certificate authority than the one that the invite names: somebody may stand between, or the broker has a new one since. Nothing secret was sent. Ask for a new invite from the broker's machine, over a way that you trust.`,
  );
}

function authorityIn(text: string): string | undefined {
  try {
    return Authority.safeParse(JSON.parse(text)).data?.ca;
  } catch {
    return undefined;
  }
}

function pinIn(pem: string): string | undefined {
  try {
    return pinOf(pem);
  } catch {
    return undefined;
  }
}

function fetched(url: URL, signal: AbortSignal): Promise<string> {
  // What answers is judged by the pin, whatever certificate its connection has.
  const agent = { agent: false as const, rejectUnauthorized: false };
  const proxied = thisMachine(url.hostname) === undefined ? { proxyEnv: process.env } : {};
  return new Promise((resolve, reject) => {
    const asked = request(url, { ...agent, ...proxied, signal }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
        if (text.length > MOST_BYTES) response.destroy(new BrokerUnreachableError(`${url.origin} is no broker.`));
      });
      response.on("end", () => resolve(text)).on("error", reject);
    });
    asked.on("error", reject).end();
  });
}
