// `pnpm test:thorough`: what would take a person's `pnpm test` minutes. CI runs both.
import { defineConfig } from "vitest/config";
import { runOf, thoroughOnly } from "./vitest.workspace.ts";

/** Files whose short form is in `pnpm test` (`times` and `sampleOf` in the testkit, `driversOfRun`): here they try the rest. */
export const inShort = [
  "**/test/properties/lives.test.ts",
  "**/test/properties/properties.test.ts",
  "**/test/properties/postgres/properties.test.ts",
  "**/test/store/keeping.test.ts",
  "**/test/store/lives.test.ts",
  "**/test/store/slices.test.ts",
  "**/test/store/sqlite.test.ts",
  "**/test/identity/wiring.test.ts",
  "**/test/a2a-followed.test.ts",
  "**/test/agent.test.ts",
  "**/test/asks.test.ts",
  "**/test/bad-network.test.ts",
  "**/test/clock.test.ts",
  "**/test/crash.test.ts",
  "**/test/lan-mesh.test.ts",
  "**/test/late-answers.test.ts",
  "**/test/log-volume.test.ts",
  "**/test/long-calls.test.ts",
  "**/test/output.test.ts",
  "**/test/qwen.test.ts",
  "**/test/terminal.test.ts",
  "**/test/text-input.test.ts",
  "**/test/topic-looks.test.ts",
  "**/test/typed-values.test.ts",
  "**/test/urgency.test.ts",
  "**/test/webhook.test.ts",
];

export default defineConfig(
  runOf([...thoroughOnly, ...inShort], [], { env: { AGENTMESH_THOROUGH: "1" }, isolate: true }),
);
