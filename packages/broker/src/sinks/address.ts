/** What kind of place an IP address is. IANA's special-purpose registries (RFC 6890), as of 2026. */
import { BlockList, isIP } from "node:net";

/**
 * `forbidden` whatever is configured: metadata services of clouds, link-local, multicast, "this host". `special`:
 * private, shared, documentation, benchmarks, reserved, and IPv6 addresses that stand for an IPv4 one.
 */
export type AddressKind = "public" | "loopback" | "special" | "forbidden";

const FORBIDDEN = [
  ["0.0.0.0", 8],
  ["169.254.0.0", 16],
  ["224.0.0.0", 4],
  ["255.255.255.255", 32],
  ["100.100.100.200", 32],
  ["168.63.129.16", 32],
  ["192.0.0.192", 32],
  ["::", 128],
  ["fe80::", 10],
  ["ff00::", 8],
  ["fd00:ec2::254", 128],
  ["fd00:ec2::23", 128],
  ["fd20:ce::254", 128],
] as const;

const LOOPBACK = [
  ["127.0.0.0", 8],
  ["::1", 128],
] as const;

const SPECIAL = [
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["240.0.0.0", 4],
  ["::", 96],
  ["::ffff:0:0", 96],
  ["64:ff9b::", 96],
  ["64:ff9b:1::", 48],
  ["100::", 64],
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
  ["5f00::", 16],
  ["fc00::", 7],
  ["fec0::", 10],
] as const;

/** A list of networks, `["10.0.0.0", 8]` each. */
export function networks(list: readonly (readonly [address: string, prefix: number])[]): (address: string) => boolean {
  // One list per family: asked for an IPv6 address that stands for an IPv4 one, BlockList answers for the IPv4 one.
  const lists = { 4: new BlockList(), 6: new BlockList() };
  for (const [address, prefix] of list) {
    if (isIP(address) === 4) lists[4].addSubnet(address, prefix, "ipv4");
    else lists[6].addSubnet(address, prefix, "ipv6");
  }
  return (address) => (isIP(address) === 4 ? lists[4].check(address, "ipv4") : lists[6].check(address, "ipv6"));
}

const isForbidden = networks(FORBIDDEN);
const isLoopback = networks(LOOPBACK);
const isSpecial = networks(SPECIAL);

/** The kind of an IP address as `net.isIP` knows it; an IPv6 address is judged by the IPv4 one inside it too. */
export function addressKind(address: string): AddressKind {
  const bare = withoutZone(address);
  if (isIP(bare) === 0 || isForbidden(bare)) return "forbidden";
  if (isLoopback(bare)) return "loopback";
  const inside = embeddedIPv4(bare);
  if (inside !== undefined && isForbidden(inside)) return "forbidden";
  return isSpecial(bare) ? "special" : "public";
}

/** `fe80::1%eth0` without its zone. */
export function withoutZone(address: string): string {
  return address.split("%")[0] ?? "";
}

/** The IPv4 address inside an IPv4-mapped, IPv4-compatible, NAT64 or 6to4 address. */
function embeddedIPv4(address: string): string | undefined {
  if (isIP(address) !== 6) return undefined;
  // The WHATWG parser writes every IPv6 address in one way: lower case, no dotted quad, one "::" at most.
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail ? tail.split(":") : [];
  const gap = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...Array.from({ length: gap }, () => "0"), ...right].map((group) =>
    Number.parseInt(group, 16),
  );
  const dotted = (high = 0, low = 0) => [high >> 8, high & 255, low >> 8, low & 255].join(".");
  if (groups[0] === 0x2002) return dotted(groups[1], groups[2]);
  const prefix = groups.slice(0, 6).join(":");
  const standsFor =
    prefix === "0:0:0:0:0:0" || prefix === `0:0:0:0:0:${0xffff}` || prefix === `${0x64}:${0xff9b}:0:0:0:0`;
  return standsFor || (groups[0] === 0x64 && groups[1] === 0xff9b) ? dotted(groups[6], groups[7]) : undefined;
}
