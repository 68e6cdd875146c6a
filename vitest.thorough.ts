// `pnpm test:thorough`: what would take a person's `pnpm test` minutes. CI runs both.
import { defineConfig } from "vitest/config";
import { runOf, thoroughOnly } from "./vitest.workspace.ts";

/** Files whose short form is in `pnpm test` (`times` in the testkit): here they try all. */
export const inShort = [
  "**/test/properties/properties.test.ts",
  "**/test/identity/wiring.test.ts",
  "**/test/crash.test.ts",
  "**/test/quotations.test.ts",
  "**/test/urgency.test.ts",
];

export default defineConfig(runOf([...thoroughOnly, ...inShort], [], { AGENTMESH_THOROUGH: "1" }));
