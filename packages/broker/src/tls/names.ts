/** Under which names and addresses other machines reach this one. */
import { isIP, isIPv4 } from "node:net";
import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";
import { loopbackHost } from "@agentmesh/protocol";
import type { TlsPlace } from "../config/tls-place.ts";

/** This machine by itself: what it calls loopback. */
const LOOPBACK = ["localhost", "127.0.0.1", "::1"];

/** Most names of a certificate of ours: a machine with many networks has more addresses than anybody joins by. */
const MOST_NAMES = 64;

/**
 * All names of a broker at that place, as a certificate has them: the host that was named, or every address of the machine;
 * what the machine is called, more names that clients use, and loopback.
 */
export function namesOf(place: TlsPlace, hostname: string, allowedHosts: readonly string[]): string[] {
  const more = allowedHosts.map((name) => name.replace(/:\d+$/, "").replace(/^\[|\]$/g, ""));
  const places = place.host === undefined ? addresses() : [place.host];
  const names = [...places, ...more, ...calledNames(hostname), ...LOOPBACK].map((name) => name.toLowerCase());
  return [...new Set(names)].filter(isName).slice(0, MOST_NAMES);
}

/** By which of these names another machine may reach the broker; loopback alone where nothing else is listened on. */
export function remoteNames(place: TlsPlace, names: readonly string[]): string[] {
  const here = place.host === undefined ? undefined : loopbackHost(place.host);
  if (here !== undefined && place.host !== undefined) return [place.host];
  const away = names.filter((name) => loopbackHost(name) === undefined);
  // Addresses first: not every network can look names up.
  return [...away.filter((name) => isIP(name) !== 0), ...away.filter((name) => isIP(name) === 0)];
}

/** A name or an address as URLs have it. */
export function inUrl(name: string): string {
  return isIP(name) === 6 ? `[${name}]` : name;
}

function calledNames(hostname: string): string[] {
  const [short = ""] = hostname.split(".");
  return [hostname, short];
}

function addresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const reached = all.filter(isReached).map(({ address }) => address);
  return [...reached.filter(isIPv4), ...reached.filter((address) => !isIPv4(address))];
}

/** Link-local addresses of IPv6 mean nothing without the name of an interface, which differs on each machine. */
function isReached({ internal, address, family }: NetworkInterfaceInfo): boolean {
  return !internal && !(family === "IPv6" && /^fe[89ab]/i.test(address));
}

function isName(name: string): boolean {
  return isIP(name) !== 0 || /^(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/.test(name);
}
