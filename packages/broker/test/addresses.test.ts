/** Addresses that people are told: where others reach the broker, and who called it. */
import { expect, test } from "vitest";
import { ConfigSchema } from "../src/config/schema.ts";
import { addressOf } from "../src/http/address.ts";
import { reachedAt } from "../src/listening.ts";

const OWN = "http://127.0.0.1:7899";
const TLS = { urls: ["https://192.0.2.7:7900", "https://desk:7900"], pin: "ab".repeat(32) };

test.each([
  ["loopback alone", {}, [OWN]],
  ["a name that it is asked by, of which nobody says how", { allowedHosts: "mesh.example" }, [OWN]],
  [
    "a proxy in front",
    { behindTlsProxy: true, allowedHosts: "mesh.example,mesh.example:8443" },
    ["https://mesh.example", "https://mesh.example:8443"],
  ],
  ["a proxy in front whose name nobody has said", { behindTlsProxy: true }, [OWN]],
  [
    "a proxy in front, on an address of its own",
    { behindTlsProxy: true, host: "192.0.2.7", allowedHosts: "mesh.example" },
    ["https://mesh.example"],
  ],
  ["a trusted network", { trustedNetwork: true, host: "192.0.2.7" }, ["http://192.0.2.7:7899"]],
  [
    "a trusted network, and a name there",
    { trustedNetwork: true, host: "192.0.2.7", allowedHosts: "desk:7899" },
    ["http://192.0.2.7:7899", "http://desk:7899"],
  ],
  [
    "a trusted network, every address",
    { trustedNetwork: true, host: "0.0.0.0", allowedHosts: "192.0.2.7:7899" },
    ["http://192.0.2.7:7899"],
  ],
])("an invite leads to %s", (_, settings, urls) => {
  const config = ConfigSchema.parse(settings);
  expect(reachedAt(config, 7899, undefined)).toEqual({ urls });
  // Its own TLS goes before all of these: the invite pins one authority.
  expect(reachedAt(config, 7899, TLS)).toEqual({ urls: TLS.urls, ca: TLS.pin });
});

test.each([
  ["::ffff:10.84.0.3", "10.84.0.3"],
  ["10.84.0.3", "10.84.0.3"],
  ["::1", "::1"],
  ["fd00::ffff:1", "fd00::ffff:1"],
  [undefined, undefined],
])("who called from %s is shown as %s", (remoteAddress, shown) => {
  expect(addressOf({ remoteAddress })).toBe(shown);
});
