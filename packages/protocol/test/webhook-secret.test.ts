/** What is taken as the secret of a webhook: what every receiver can read, in the one writing that all of them read. */
import { WebhookSecret, webhookKey, webhookSecret } from "@agentmesh/protocol";
import { expect, test } from "vitest";

const bytes = (length: number, value = 251) => new Uint8Array(length).fill(value);
const of = (length: number) => webhookSecret(bytes(length));

test.each([
  ["24 bytes, which need no padding", of(24)],
  ["25 bytes, padded twice", of(25)],
  ["26 bytes, padded once", of(26)],
  ["64 bytes", of(64)],
  ["16 letters, as Hermes has them", "x".repeat(16)],
  ["text with = in it", "a=b=c=d=e=f=g=h=i"],
])("%s are a secret, whose key is those bytes", (_, secret) => {
  expect(WebhookSecret.safeParse(secret).success).toBe(true);
  const key = webhookKey(secret) ?? bytes(0);
  expect(secret.startsWith("whsec_") ? webhookSecret(key) : new TextDecoder().decode(key)).toBe(secret);
});

test.each([
  ["without its padding", of(25).replace(/=+$/, "")],
  ["with half of its padding", of(25).replace(/=$/, "")],
  ["without the one of its padding", of(26).replace(/=$/, "")],
  ["with bits behind the last byte", of(26).replace(/.=$/, "/=")],
  ["in the alphabet for addresses", of(24).replaceAll("+", "-")],
  ["of 23 bytes", of(23)],
  ["of 65 bytes", of(65)],
  ["of nothing", "whsec_"],
  ["that is no base64 at all", `whsec_${"!".repeat(32)}`],
])("base64 %s is refused, with what is taken", (_, secret) => {
  expect(WebhookSecret.safeParse(secret).error?.issues[0]?.message).toMatch(/base64|at least 16/);
});

test.each([
  ["15 characters", "x".repeat(15)],
  ["257 characters", "x".repeat(257)],
  ["a blank", `${"x".repeat(16)} `],
  ["a letter that no header carries", `${"x".repeat(16)}ü`],
])("%s are no secret", (_, secret) => {
  expect(WebhookSecret.safeParse(secret).success).toBe(false);
});
