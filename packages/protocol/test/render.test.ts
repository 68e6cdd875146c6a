import { describe, expect, test } from "vitest";
import { Message } from "../src/message/message.ts";
import { renderDelivery } from "../src/text/render.ts";

const question = Message.parse({
  ...{ id: `msg_${"0".repeat(32)}`, threadId: `thr_${"0".repeat(32)}` },
  ...{ from: { id: `agt_${"0".repeat(32)}`, name: "ann" }, to: "ben", body: "which port?", bodyBytes: 11 },
  ...{ acceptedAt: "2026-12-01T10:00:00.000Z", expiresAt: "2026-12-08T10:00:00.000Z" },
  answerBy: "2026-12-01T10:05:00.000Z",
});
const shown = (message: Message) => renderDelivery({ seq: 7, message, redelivered: false });

describe("a question as a model is shown it", () => {
  test("says until when its answer is waited for", () => {
    expect(shown(question)).toMatch(/ answer_by="2026-12-01T10:05:00.000Z">\nwhich port\?/);
    expect(shown(question)).toContain('An answer is waited for: reply(message_id: "7"');
  });

  test("whose answer was waived is one that may be answered, and nobody waits for", () => {
    const waived = shown({ ...question, answerWaivedAt: "2026-12-01T10:01:00.000Z" });
    expect(waived).not.toMatch(/answer_by|waited for/);
    expect(waived).toContain('To answer: reply(message_id: "7"');
  });
});
