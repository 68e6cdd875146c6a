// The page in a real Chromium, before a real broker. Run by `pnpm test:page`; where there is no Chromium the tests say so.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const conditions = ["@agentmesh/source", "node", "import", "module", "default"];
const inTestkit = (file: string) => fileURLToPath(new URL(`../src/${file}`, import.meta.url));

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    dir: import.meta.dirname,
    globalSetup: [inTestkit("programs/build.ts")],
    // A browser has as many processes as a machine has processors, and more.
    fileParallelism: false,
    testTimeout: 240_000,
    hookTimeout: 120_000,
  },
});
