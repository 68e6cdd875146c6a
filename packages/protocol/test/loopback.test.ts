/** Which addresses lead to this machine itself, however they are spelled. */
import { describe, expect, test } from "vitest";
import { loopbackHost, thisMachine } from "../src/index.ts";

/** A host as somebody writes it, and its usual spelling. */
const LOOPBACK = [
  ["127.0.0.1", "127.0.0.1"],
  ["127.0.0.2", "127.0.0.2"],
  ["127.255.255.254", "127.255.255.254"],
  ["127.1", "127.0.0.1"],
  ["0x7f.1", "127.0.0.1"],
  ["0177.0.0.01", "127.0.0.1"],
  ["2130706433", "127.0.0.1"],
  ["①②⑦.0.0.1", "127.0.0.1"],
  ["127.0.0.1.", "127.0.0.1"],
  ["localhost", "localhost"],
  ["LocalHost", "localhost"],
  ["localhost.", "localhost"],
  ["mesh.localhost", "mesh.localhost"],
  ["a.b.LOCALHOST.", "a.b.localhost"],
  ["::1", "[::1]"],
  ["[::1]", "[::1]"],
  ["[0:0:0:0:0:0:0:1]", "[::1]"],
  ["[::ffff:127.0.0.1]", "127.0.0.1"],
  ["::ffff:7f00:1", "127.0.0.1"],
  ["[::ffff:127.9.8.7]", "127.9.8.7"],
] as const;

const ELSEWHERE = [
  "126.255.255.255",
  "128.0.0.1",
  "192.168.1.7",
  "example.com",
  "127.0.0.1.example.com",
  "localhost.example.com",
  "notlocalhost",
  "localhost-2",
  "[::2]",
  "[::127.0.0.1]",
  "[::ffff:128.0.0.1]",
  "[64:ff9b::7f00:1]",
  "fe80::1",
  "127.0.0.1@example.com",
  "example.com/@127.0.0.1",
  "127.0.0.1:7899",
  "127.0.0.256",
  "",
  " ",
];

describe("a host", () => {
  test.each(LOOPBACK)("%s is loopback, usually spelled %s, in a setting and in a URL", (host, usual) => {
    expect([loopbackHost(host), thisMachine(host)]).toEqual([usual, usual]);
    const authority = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
    expect(loopbackHost(new URL(`http://${authority}:7899/x`).hostname)).toBe(usual);
  });

  test.each(ELSEWHERE)("%j is not loopback", (host) => {
    expect([loopbackHost(host), thisMachine(host)]).toEqual([undefined, undefined]);
  });

  test("that is unspecified is where this machine is reached, and is not loopback: a broker there listens to all", () => {
    expect(["0.0.0.0", "0", "[::]", "::ffff:0.0.0.0"].map(thisMachine)).toEqual([
      "127.0.0.1",
      "127.0.0.1",
      "[::1]",
      "127.0.0.1",
    ]);
    expect(["0.0.0.0", "0", "[::]", "::ffff:0.0.0.0"].map(loopbackHost)).toEqual(Array(4).fill(undefined));
  });
});
