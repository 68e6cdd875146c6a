// The packed packages in an empty folder; needs `pnpm build` first. Run by `pnpm test:packed`.
import { defineConfig } from "vitest/config";

const conditions = ["@agentmesh/source", "node", "import", "module", "default"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: { dir: import.meta.dirname, testTimeout: 120_000, hookTimeout: 300_000 },
});
