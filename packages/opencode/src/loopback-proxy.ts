/** Whether a proxy stands before this machine's own addresses: Bun's `fetch` asks it even for those. */

/** Names of the broker's host that a NO_PROXY may leave out. */
const LOOPBACK = ["127.0.0.1", "localhost"];

/** What to change, or undefined when loopback is reached directly. */
export function proxyBeforeLoopback(
  env: Readonly<Record<string, string | undefined>>,
  bun: boolean,
): string | undefined {
  const name = ["HTTP_PROXY", "http_proxy"].find((each) => env[each]);
  if (!bun || name === undefined) return undefined;
  const direct = (env.NO_PROXY ?? env.no_proxy ?? "").split(",").map((entry) => entry.trim());
  if (direct.includes("*") || LOOPBACK.every((host) => direct.includes(host))) return undefined;
  return `${name} is set, and NO_PROXY does not leave out 127.0.0.1,localhost: OpenCode would talk to the broker of this machine through the proxy. Set NO_PROXY=127.0.0.1,localhost and start OpenCode again.`;
}
