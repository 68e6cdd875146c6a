/** Broker and command line of two versions: what is said names the older one, and never sends a newer broker back. */
import { describe, expect, test } from "vitest";
import { skewText } from "../src/commands/broker/up.ts";

describe("the broker is older, and brought up to date by a restart", () => {
  test.each([
    ["0.1.0", "0.2.0"],
    ["0.9.9", "0.10.0"],
    ["0.2.0", "1.0.0"],
    ["0.2.0-beta.2", "0.2.0-beta.10"],
    ["0.2.0-beta.1", "0.2.0"],
  ])("%s before %s", (broker, own) => {
    expect(skewText(broker, own)).toContain(`the broker is version ${broker}, older than this command line (${own})`);
    expect(skewText(broker, own)).toContain("agentmesh down && agentmesh up");
    expect(skewText(own, broker)).toContain(`this command line is version ${broker}, older than the broker (${own})`);
    expect(skewText(own, broker)).not.toContain("agentmesh down");
  });
});

test("one version is not spoken of", () => {
  expect(skewText("0.1.0", "0.1.0")).toBeUndefined();
});
