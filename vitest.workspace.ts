// Runs every package's tests as one vitest project each, from TypeScript sources; the programs that they start are made
// from them first. What takes long because it is thorough is in vitest.thorough.ts.
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig, type ViteUserConfig } from "vitest/config";

const conditions = ["@agentmesh/source", "node", "import", "module", "default"];

// Real processes on a machine under load: a test that hangs is found by its own until(), long before this.
const timeouts = { testTimeout: 120_000, hookTimeout: 120_000 };

const inTestkit = (file: string) => fileURLToPath(new URL(`packages/testkit/src/${file}`, import.meta.url));

/** Each starts brokers, which write to one disk. */
const MOST_WORKERS = 6;

/** Tests of the tests: whether the property suite, the history checker and the fault suite find what they are there for. */
export const thoroughOnly = ["**/test/properties/mutants/*.test.ts", "**/faults/*.test.ts"];

/** A run of the test files that are named, in each package that has some. */
export function runOf(include: string[], exclude: string[], env: Record<string, string>): ViteUserConfig {
  return {
    test: {
      // One more than processors: a file often waits for the clock.
      maxWorkers: Math.min(availableParallelism() + 1, MOST_WORKERS),
      globalSetup: [inTestkit("programs/build.ts")],
      projects: ["protocol", "client", "broker", "mcp", "cli", "opencode", "testkit"].map((name) => ({
        root: `packages/${name}`,
        resolve: { conditions },
        ssr: { resolve: { conditions, externalConditions: conditions } },
        test: {
          name,
          include,
          exclude: ["**/node_modules/**", ...exclude],
          env,
          setupFiles: [inTestkit("leak-check.ts")],
          ...timeouts,
        },
      })),
    },
  };
}

export default defineConfig(runOf(["{test,faults}/**/*.test.ts"], thoroughOnly, {}));
