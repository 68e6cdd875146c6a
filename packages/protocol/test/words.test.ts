/** Names, ids and text as they may stand on the wire and before a reader. */
import {
  AgentName,
  AgentToken,
  DeliveryRef,
  MessageRef,
  numberedName,
  plainLine,
  plainText,
  SendRequest,
  ThreadId,
  ThreadRef,
  TopicName,
  TopicPattern,
  toAgentName,
  topicMatches,
} from "@agentmesh/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type * as z from "zod";

describe("an agent name", () => {
  test.each(["poker-engine", "a", "9lives", "a.b_c-d", "x".repeat(64)])("%s is one", (name) => {
    expect(AgentName.safeParse(name).success).toBe(true);
  });

  test.each([
    "",
    "Alice",
    "Аlice",
    "a b",
    "-a",
    ".a",
    "a/b",
    "a>",
    "x".repeat(65),
    "human",
    "operator",
    "broker",
    "me",
    `agt_${"0".repeat(32)}`,
    "msg_01a2",
    "ses_",
  ])('"%s" is none', (name) => {
    expect(AgentName.safeParse(name).success).toBe(false);
  });

  test("can be made of any text, also with a number behind it", () => {
    expect(toAgentName("Poker Engine (v2)")).toBe("poker-engine-v2");
    expect(toAgentName("Überraschung")).toBe("uberraschung");
    expect(toAgentName("Mu\u0308ller & Łukasz")).toBe("muller-ukasz");
    expect(toAgentName("…")).toMatch(/^agent-[0-9a-f]{4}$/);
    expect(toAgentName("…")).not.toBe(toAgentName("‥"));
    expect(toAgentName(" ")).toBe("agent");
    expect(toAgentName("human")).toBe("human-agent");
    expect(toAgentName("msg_feed")).toBe("msg-feed");
    expect(toAgentName("msg_queue")).toBe("msg_queue");
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 2, max: 9_999 }), (text, n) => {
        expect(AgentName.safeParse(toAgentName(text)).success).toBe(true);
        expect(AgentName.safeParse(numberedName(toAgentName(text), n)).success).toBe(true);
      }),
    );
  });
});

describe("a reference", () => {
  test("to a delivery is its id or a number without sign or leading zero", () => {
    for (const ref of ["42", "1", `dlv_${"a".repeat(32)}`]) expect(DeliveryRef.safeParse(ref).success).toBe(true);
    for (const ref of ["0", "-1", "01", "1.5", "x", "dlv_1", `msg_${"a".repeat(32)}`]) {
      expect(DeliveryRef.safeParse(ref).success).toBe(false);
    }
    expect(MessageRef.safeParse(`msg_${"a".repeat(32)}`).success).toBe(true);
  });
});

describe("a topic", () => {
  test("is words joined by dots; a pattern may stand for words as in NATS subjects", () => {
    for (const name of ["build", "build.api.failed", "a-b.c_d"]) expect(TopicName.safeParse(name).success).toBe(true);
    for (const name of ["", ".a", "a.", "a..b", "a.*", ">", "A", "a b"])
      expect(TopicName.safeParse(name).success).toBe(false);
    for (const pattern of ["build", "build.*", "*", ">", "build.>", "*.api.>"]) {
      expect(TopicPattern.safeParse(pattern).success).toBe(true);
    }
    for (const pattern of ["", "a.>.b", "a*", ">.a", "a.**"])
      expect(TopicPattern.safeParse(pattern).success).toBe(false);
  });

  test.each([
    ["build.api", "build.api", true],
    ["build.*", "build.api", true],
    ["build.*", "build.api.failed", false],
    ["build.*", "build", false],
    ["build.>", "build.api.failed", true],
    ["build.>", "build", false],
    ["*.api.>", "build.api.failed", true],
    [">", "build", true],
    ["build", "build.api", false],
  ])("%s means %s: %s", (pattern, topic, means) => {
    expect(topicMatches(pattern, topic)).toBe(means);
  });
});

describe("a token", () => {
  test("has at least 256 bits", () => {
    expect(AgentToken.safeParse(`am_${"a".repeat(43)}`).success).toBe(true);
    expect(AgentToken.safeParse(`am_${"a".repeat(42)}`).success).toBe(false);
  });
});

test("what is no id or reference is told in words what one looks like", () => {
  const said = (schema: z.ZodType, value: unknown) =>
    schema.safeParse(value).error?.issues.map(({ message }) => message);
  const message = ["a string: msg_…, dlv_… or a number of your own inbox as text"];
  for (const value of ["msg_x", "0", 1, "", null]) expect(said(MessageRef, value)).toEqual(message);
  expect(said(DeliveryRef, "dlv_")).toEqual(["a string: dlv_… or a number of your own inbox as text"]);
  expect(said(ThreadRef, "x")?.[0]).toContain("thr_…, or a message of the thread");
  for (const value of ["foo", 1]) expect(said(ThreadId, value)).toEqual(["a thread's id: thr_ and 32 hex digits"]);
});

describe("a send request", () => {
  test("fills in the life of seven days and refuses fields it does not know", () => {
    expect(SendRequest.parse({ to: "bob", body: "x" })).toEqual({
      to: "bob",
      body: "x",
      urgency: "normal",
      ttlMs: 604_800_000,
    });
    expect(SendRequest.safeParse({ to: "bob", body: "x", message: "y" }).success).toBe(false);
  });
});

describe("plain text", () => {
  const hostile = /(?![\n\t])\p{Cc}|[\p{Cf}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\p{Cs}]/u;
  // Those a random string would seldom hold, where they used to be kept.
  const invisible = [
    "\ufe0f",
    "\u200d",
    "👩\u200d👩",
    "❤\ufe0f",
    "\u{13430}",
    "\u{1343f}",
    "\u2065",
    "\u{e0100}",
    "\u0600",
  ];

  test("has no control, bidirectional, invisible or tag character, whatever came in", () => {
    const piece = fc.oneof(fc.constantFrom(...invisible), fc.string({ unit: "binary", maxLength: 20 }));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
        const text = pieces.join("");
        expect(plainText(text)).not.toMatch(hostile);
        expect(plainText(text).isWellFormed()).toBe(true);
        expect(plainLine(text)).not.toMatch(/[\n\t]/);
        expect(plainLine(text)).not.toMatch(hostile);
        expect(plainLine(text, 20).length).toBeLessThanOrEqual(20);
      }),
      { numRuns: 500 },
    );
    for (let code = 0; code <= 0x10ffff; code++) {
      const char = String.fromCodePoint(code);
      if (hostile.test(char)) expect(plainText(`a${char}b`)).toBe(char === "\r" ? "a\nb" : "ab");
    }
    expect(plainText("\u001b]52;c;YQ==\u0007\u001b[2J\u009b31mred")).toBe("]52;c;YQ==[2J31mred");
  });

  test("keeps letters of every script, emoji, tabs and lines", () => {
    for (const text of ["Grüße, 你好, مرحبا, שלום", "a\tb\nc", "✅ ❤ 🇩🇪 👍🏽"]) expect(plainText(text)).toBe(text);
    expect(plainText("a\r\nb\rc")).toBe("a\nb\nc");
  });

  test("shows an emoji that is joined of several as these", () => {
    expect(plainText("👩\u200d👩\u200d👧 ❤\ufe0f 1\ufe0f\u20e3")).toBe("👩👩👧 ❤ 1\u20e3");
  });
});
