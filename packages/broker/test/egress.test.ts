/** The egress guard: every way to write a place that the broker must not post to, and the few it may. */
import { networkInterfaces } from "node:os";
import { openWebhookReceiver } from "testkit";
import { describe, expect, test } from "vitest";
import { SteadyClock } from "../src/mesh/clock.ts";
import { addressKind } from "../src/sinks/address.ts";
import { Egress, type EgressRules } from "../src/sinks/egress.ts";
import { HttpWebhookSinks } from "../src/sinks/webhook.ts";

const OWN_PORT = 7899;
const guard = (more: Partial<EgressRules> = {}) =>
  new Egress({
    loopback: true,
    allow: [],
    ownPorts: () => [OWN_PORT],
    resolve: async () => ["93.184.216.34"],
    ...more,
  });
const vet = async (url: string, egress = guard()) => egress.addresses(egress.parse(url));

describe("a URL that is refused", () => {
  const vectors: [url: string, why: RegExp][] = [
    // no http
    ["file:///etc/passwd", /http or https/],
    ["gopher://127.0.0.1:11211/_stats", /http or https/],
    ["ftp://127.0.0.1/", /http or https/],
    ["javascript:alert(1)", /http or https/],
    ["//127.0.0.1:8080/", /not a URL/],
    ["127.0.0.1:8080/x", /not a URL|http or https/],
    // 127.0.0.1 and 0.0.0.0 in disguise
    ["http://2130706433/", /means 127\.0\.0\.1/],
    ["http://0x7f.1/", /means 127\.0\.0\.1/],
    ["http://0x7f000001/", /means 127\.0\.0\.1/],
    ["http://0177.0.0.1/", /means 127\.0\.0\.1/],
    ["http://127.1/", /means 127\.0\.0\.1/],
    ["http://127.0.1:8080/", /means 127\.0\.0\.1/],
    ["http://127.000.000.001/", /means 127\.0\.0\.1/],
    ["http://0/", /^"0" means 0\.0\.0\.0, an unspecified.* never allowed\.$/],
    ["http://①②⑦.⓪.⓪.①/", /means 127\.0\.0\.1/],
    ["http://127。0。0。1/", /means 127\.0\.0\.1/],
    ["http://%31%32%37.0.0.1/", /means 127\.0\.0\.1/],
    ["http://127.0.0.1./", /means 127\.0\.0\.1/],
    ["http:2130706433", /means 127\.0\.0\.1/],
    ["http:\\\\0x7f.1\\", /means 127\.0\.0\.1/],
    ["http://127.0\n.0.1/", /means 127\.0\.0\.1/],
    ["http://0.0.0.0:8080/", /never allowed/],
    ["http://[::]:8080/", /never allowed/],
    // IPv6 that stands for IPv4
    ["http://[::ffff:7f00:1]/", /private or reserved/],
    ["http://[::ffff:127.0.0.1]:8080/", /private or reserved/],
    ["http://[::127.0.0.1]/", /private or reserved/],
    ["http://[64:ff9b::7f00:1]/", /private or reserved/],
    ["http://[64:ff9b:1::7f00:1]/", /private or reserved/],
    ["http://[2002:7f00:1::]/", /private or reserved/],
    ["http://[2001:0:7f00:1::]/", /private or reserved/],
    ["http://[::ffff:a9fe:a9fe]/", /never allowed/],
    ["http://[64:ff9b::a9fe:a9fe]/", /never allowed/],
    ["http://[2002:a9fe:a9fe::]/", /never allowed/],
    // metadata, link-local, multicast
    ["http://169.254.169.254/latest/meta-data/", /never allowed/],
    ["http://169.254.170.2/", /never allowed/],
    ["https://169.254.10.20/", /never allowed/],
    ["http://[fd00:ec2::254]/", /never allowed/],
    ["http://100.100.100.200/", /never allowed/],
    ["http://192.0.0.192/", /never allowed/],
    ["http://168.63.129.16/", /never allowed/],
    ["http://[fe80::1]/", /never allowed/],
    ["http://[fe80::1]:8080/", /never allowed/],
    ["http://224.0.0.1/", /never allowed/],
    ["http://255.255.255.255/", /never allowed/],
    ["http://[ff02::1]/", /never allowed/],
    // private and reserved
    ["https://10.0.0.5/", /add 10\.0\.0\.5 or its network to webhookAllow/],
    ["https://172.16.0.1/", /private or reserved/],
    ["https://172.31.255.255/", /private or reserved/],
    ["https://192.168.1.7/", /private or reserved/],
    ["https://100.64.0.1/", /private or reserved/],
    ["https://192.0.0.1/", /private or reserved/],
    ["https://192.0.2.1/", /private or reserved/],
    ["https://192.88.99.1/", /private or reserved/],
    ["https://198.18.0.1/", /private or reserved/],
    ["https://198.51.100.1/", /private or reserved/],
    ["https://203.0.113.1/", /private or reserved/],
    ["https://240.0.0.1/", /private or reserved/],
    ["https://[fc00::1]/", /private or reserved/],
    ["https://[fd12:3456::1]/", /private or reserved/],
    ["https://[fec0::1]/", /private or reserved/],
    ["https://[100::1]/", /private or reserved/],
    ["https://[2001:db8::1]/", /private or reserved/],
    ["https://[3fff::1]/", /private or reserved/],
    ["https://[5f00::1]/", /private or reserved/],
    // names that mean something near
    ["http://localhost./", /dot at the end/],
    ["http://example.com./", /dot at the end/],
    ["http://foo.localhost:8080/", /private name/],
    ["http://printer.local/", /private name/],
    ["http://metadata.google.internal/", /private name/],
    ["http://hermes:8644/webhooks/x", /add http:\/\/hermes:8644 to webhookAllow/],
    // what goes with it
    ["http://example.com@127.0.0.1/", /name or password/],
    ["http://user:secret@example.com/", /name or password/],
    ["http://127.0.0.1:22/", /Port 22/],
    ["http://127.0.0.1:25/", /Port 25/],
    ["https://example.com:636/", /Port 636/],
    [`http://127.0.0.1:${OWN_PORT}/v1/messages`, /this broker itself/],
    [`http://localhost:${OWN_PORT}/`, /this broker itself/],
    [`http://[::1]:${OWN_PORT}/`, /this broker itself/],
    ["http://8.8.8.8/", /public: use https/],
    ["http://example.com/", /public: use https/],
  ];
  test.each(vectors)("%s", async (url, why) => {
    await expect(vet(url)).rejects.toMatchObject({
      code: "webhook_url_forbidden",
      message: expect.stringMatching(why),
    });
  });

  test.each(["http://169.254.169.254/", "http://[fe80::1]/", "https://[fd00:ec2::254]/", "http://100.100.100.200/"])(
    "%s stays refused when the operator allows every address and that origin",
    async (url) => {
      const egress = guard({ allow: ["0.0.0.0/0", "::/0", new URL(url).origin] });
      await expect(vet(url, egress)).rejects.toThrow("never allowed");
    },
  );

  test("on an address of this machine's network is refused with the broker's port, and with no other", async () => {
    const own = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
    const address = own.find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? "127.0.0.1";
    const egress = guard({ allow: [`${address}/32`] });
    await expect(vet(`http://${address}:${OWN_PORT}/`, egress)).rejects.toThrow("this broker itself");
    expect(await vet(`http://${address}:${OWN_PORT + 1}/`, egress)).toEqual([address]);
  });
});

describe("a URL that is allowed", () => {
  test.each([
    ["http://127.0.0.1:18789/hooks/agent", ["127.0.0.1"]],
    ["http://127.0.0.53:8080/", ["127.0.0.53"]],
    ["http://[::1]:3000/", ["::1"]],
    ["http://[0:0:0:0:0:0:0:1]:3000/", ["::1"]],
    ["http://localhost:3000/x?key=1", ["127.0.0.1", "::1"]],
    ["http://LOCALHOST:3000/", ["127.0.0.1", "::1"]],
    ["https://8.8.8.8/", ["8.8.8.8"]],
    ["https://example.com/hook", ["93.184.216.34"]],
    ["https://example.com:8443/hook", ["93.184.216.34"]],
  ])("%s", async (url, addresses) => {
    expect(await vet(url)).toEqual(addresses);
  });

  test("is one of the operator's networks or origins, over http too", async () => {
    const egress = guard({
      allow: ["10.0.0.0/8", "fd12::/16", "192.168.1.7", "http://hermes:8644", "http://box.local:81"],
    });
    expect(await vet("http://10.1.2.3:8080/", egress)).toEqual(["10.1.2.3"]);
    expect(await vet("http://192.168.1.7:8080/", egress)).toEqual(["192.168.1.7"]);
    expect(await vet("http://[fd12::5]:8080/", egress)).toEqual(["fd12::5"]);
    expect(await vet("http://hermes:8644/webhooks/x", egress)).toEqual(["93.184.216.34"]);
    expect(await vet("http://box.local:81/", egress)).toEqual(["93.184.216.34"]);
    await expect(vet("http://hermes:8645/", egress)).rejects.toThrow("private name");
    await expect(vet("http://192.168.1.8:8080/", egress)).rejects.toThrow("private or reserved");
  });

  test("is not on loopback when the broker refuses loopback, unless the origin is allowed", async () => {
    const egress = guard({ loopback: false, allow: ["http://127.0.0.1:18789"] });
    await expect(vet("http://127.0.0.1:8080/", egress)).rejects.toThrow("set webhookLoopback to allow");
    await expect(vet("http://localhost:8080/", egress)).rejects.toThrow("add http://localhost:8080 to webhookAllow");
    expect(await vet("http://127.0.0.1:18789/hooks/wake", egress)).toEqual(["127.0.0.1"]);
  });
});

describe("a name", () => {
  const answering = (...answers: (readonly string[] | Error)[]) => {
    let n = 0;
    return async () => {
      const answer = answers[Math.min(n++, answers.length - 1)] ?? [];
      if (answer instanceof Error) throw answer;
      return answer;
    };
  };
  const named = (...addresses: string[]) => vet("https://agent.example/", guard({ resolve: answering(addresses) }));

  test("is refused when any of its addresses is", async () => {
    await expect(named("93.184.216.34", "127.0.0.1")).rejects.toThrow("agent.example is 127.0.0.1, which is loopback");
    await expect(named("93.184.216.34", "10.0.0.1")).rejects.toThrow("private or reserved");
    await expect(named("2606:2800::1", "::ffff:169.254.169.254")).rejects.toThrow("never allowed");
    await expect(named("fe80::1%eth0")).rejects.toThrow("never allowed");
    expect(await named("93.184.216.34", "2606:2800::1")).toEqual(["93.184.216.34", "2606:2800::1"]);
  });

  test("that no resolver knows, or that has no address, is refused", async () => {
    const broken = guard({ resolve: answering(new Error("SERVFAIL")) });
    await expect(vet("https://agent.example/", broken)).rejects.toThrow("has no address");
    await expect(named()).rejects.toThrow("has no address");
  });

  test("that is set with one address and posted to with another is not connected to (T34)", async () => {
    await using canary = await openWebhookReceiver(204);
    const egress = guard({ resolve: answering(["93.184.216.34"], ["127.0.0.1"]) });
    const sinks = new HttpWebhookSinks({ egress, timeoutMs: 2_000, maxBodyBytes: 65_536, clock: new SteadyClock() });
    const url = `https://agent.example:${canary.port}/`;
    await sinks.vet(url);
    const sink = sinks.open({
      to: { id: `agt_${"0".repeat(32)}`, name: "bob" },
      url,
      dialect: "agentmesh",
      maxInFlight: 1,
      secrets: () => ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    });
    expect(await sink.test()).toEqual({
      kind: "failed",
      why: "the broker refuses to post there: its name means loopback",
    });
    sink.close();
    expect(canary.connections()).toBe(0);
  });
});

test("the address lists know what IANA reserves, in every spelling that a resolver may use", () => {
  const kinds: Record<string, string[]> = {
    public: ["8.8.8.8", "100.128.0.1", "172.32.0.1", "192.0.1.1", "198.20.0.1", "223.255.255.255", "2606:4700::1111"],
    loopback: ["127.0.0.1", "127.255.255.255", "::1"],
    special: [
      "10.0.0.0",
      "100.127.255.255",
      "192.168.0.0",
      "240.0.0.1",
      "::ffff:8.8.8.8",
      "::8.8.8.8",
      "64:ff9b::808:808",
    ],
    forbidden: [
      "0.1.2.3",
      "169.254.0.1",
      "239.1.1.1",
      "::",
      "fe80::1",
      "febf::1",
      "ff02::1",
      "::ffff:169.254.169.254",
      "x",
      "",
    ],
  };
  for (const [kind, addresses] of Object.entries(kinds)) {
    for (const address of addresses) expect([address, addressKind(address)]).toEqual([address, kind]);
  }
});
