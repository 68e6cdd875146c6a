/** The page's cookie: one for each port, as browsers give a machine's cookies to whatever port is asked. */
import type { IncomingMessage } from "node:http";
import { isSecure } from "../servers.ts";

/** The port of the listener that a request came to. */
export type PortOf = (isSecure: boolean) => number;

/** The secrets that a request brings under the name of this broker's cookie: another program of the machine may have set one, too. */
export function cookiesOf(request: IncomingMessage, portOf: PortOf): string[] {
  const name = `${nameOf(request, portOf)}=`;
  return (request.headers.cookie ?? "")
    .split(/;\s*/)
    .filter((each) => each.startsWith(name))
    .map((each) => each.slice(name.length))
    .filter((value) => /^[\w-]{43}$/.test(value));
}

/** What has the browser keep a secret until a time; with none, forget it. It goes to this broker's calls alone, and no script reads it. */
export function setCookie(request: IncomingMessage, portOf: PortOf, secret: string, until: number): string {
  const seconds = Math.max(0, Math.floor((until - Date.now()) / 1_000));
  const overTls = isSecure(request.socket) || request.headers.origin?.startsWith("https:");
  return [
    `${nameOf(request, portOf)}=${secret}`,
    ...["Path=/v1", "HttpOnly", "SameSite=Strict", `Max-Age=${seconds}`],
    ...(overTls ? ["Secure"] : []),
  ].join("; ");
}

function nameOf(request: IncomingMessage, portOf: PortOf): string {
  return `agentmesh_ui_${portOf(isSecure(request.socket))}`;
}
