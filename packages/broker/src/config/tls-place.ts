/** `[HOST:]PORT` as `--tls` takes it. */
import { isIP } from "node:net";
import { isCalled, loopbackHost, wholeNumber } from "@agentmesh/protocol";
import * as z from "zod";

/** Where TLS is listened on; without a host on every address of the machine. */
export interface TlsPlace {
  readonly host: string | undefined;
  readonly port: number;
}

const Port = wholeNumber(0, 65_535);

/** The setting: an empty one is none. */
export const TlsPlaceSetting = z
  .union([z.string(), z.int().transform(String)])
  .transform((text) => text.trim())
  .refine((text) => text === "" || placeIn(text) !== undefined, {
    error: "[HOST:]PORT such as 7900, 192.168.1.7:7900 or [::1]:7900, a port that fetch and browsers connect to",
  });

/** The place that a value of the setting says; undefined for none. */
export function tlsPlace(setting: string): TlsPlace | undefined {
  return setting === "" ? undefined : placeIn(setting);
}

/** Whether other machines reach what is listened on there. */
export function reachesOut(setting: string): boolean {
  const place = tlsPlace(setting);
  return place !== undefined && (place.host === undefined || loopbackHost(place.host) === undefined);
}

function placeIn(text: string): TlsPlace | undefined {
  const [, bracketed, plain, digits] = /^(?:(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+)):)?(\d{1,5})$/i.exec(text) ?? [];
  const port = Port.safeParse(digits).data;
  if (port === undefined || !isCalled(port) || (bracketed !== undefined && isIP(bracketed) !== 6)) return undefined;
  const host = (bracketed ?? plain)?.toLowerCase();
  return { host: host === "0.0.0.0" || host === "::" ? undefined : host, port };
}
