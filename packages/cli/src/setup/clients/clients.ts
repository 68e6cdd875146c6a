/** The clients that setup knows, in the order in which it speaks of them. */
import { claudeCode } from "./claude-code.ts";
import type { Client } from "./client.ts";
import { cline } from "./cline.ts";
import { codex } from "./codex.ts";
import { copilot } from "./copilot.ts";
import { cursor } from "./cursor.ts";
import { gemini } from "./gemini.ts";
import { hermes } from "./hermes.ts";
import { kilo } from "./kilo.ts";
import { openclaw } from "./openclaw.ts";
import { opencode } from "./opencode.ts";
import { pi } from "./pi.ts";
import { qwen } from "./qwen.ts";

/** All of them. */
export const clients: readonly Client[] = [
  claudeCode,
  codex,
  opencode,
  kilo,
  pi,
  cline,
  gemini,
  copilot,
  qwen,
  openclaw,
  cursor,
  hermes,
];
