/** This machine's loopback in every spelling: the one place that decides whether an address leads there. */

/**
 * The usual spelling of a host that is loopback: `localhost`, a name below it, 127.x.y.z or `[::1]`; undefined for every
 * other host. Takes it as a URL or a setting has it: `LOCALHOST.`, `0x7f.1`, `2130706433`, `[::ffff:127.0.0.1]`, `::1`.
 */
export function loopbackHost(host: string): string | undefined {
  const hostname = hostnameIn(host)?.replace(/\.$/, "");
  if (hostname === undefined) return undefined;
  if (/^(.+\.)?localhost$/.test(hostname) || /^127\.\d+\.\d+\.\d+$/.test(hostname) || hostname === "[::1]") {
    return hostname;
  }
  // An IPv4 address inside an IPv6 one: the parser writes it as two groups, of which the first is 127 and a byte.
  const [, high = "", low = ""] = /^\[::ffff:(7f[0-9a-f]{2}):([0-9a-f]{1,4})\]$/.exec(hostname) ?? [];
  if (high === "") return undefined;
  const [first, second] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [first >> 8, first & 255, second >> 8, second & 255].join(".");
}

/**
 * The host to connect to without a proxy, for an address that cannot lead off this machine: loopback, or the unspecified
 * address, which a broker that listens everywhere has in its URL. Undefined for every other host.
 */
export function thisMachine(host: string): string | undefined {
  const hostname = hostnameIn(host);
  if (hostname === "0.0.0.0" || hostname === "[::ffff:0:0]") return "127.0.0.1";
  return hostname === "[::]" ? "[::1]" : loopbackHost(host);
}

/** The host as URLs have it: lower case, IPv4 dotted, IPv6 short and in brackets. */
function hostnameIn(host: string): string | undefined {
  if (/[\s/\\?#@]/.test(host)) return undefined;
  const url = `http://${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}`;
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}
