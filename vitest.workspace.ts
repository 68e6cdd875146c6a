// Runs every package's tests as one vitest project each, from TypeScript sources, without a build.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const conditions = ["@agentmesh/source", "node", "import", "module", "default"];

// Real processes on a machine under load: a test that hangs is found by its own until(), long before this.
const timeouts = { testTimeout: 60_000, hookTimeout: 60_000 };

const leakCheck = fileURLToPath(new URL("packages/testkit/src/leak-check.ts", import.meta.url));

export default defineConfig({
  test: {
    projects: ["protocol", "client", "broker", "mcp", "cli", "opencode", "testkit"].map((name) => ({
      root: `packages/${name}`,
      resolve: { conditions },
      ssr: { resolve: { conditions, externalConditions: conditions } },
      test: { name, include: ["{test,faults}/**/*.test.ts"], setupFiles: [leakCheck], ...timeouts },
    })),
  },
});
