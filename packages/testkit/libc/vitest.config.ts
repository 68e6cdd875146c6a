// The built programs in the userland of Debian 11; needs root and `pnpm build` first. Run by `pnpm test:libc`.
import { defineConfig } from "vitest/config";

const conditions = ["@agentmesh/source", "node", "import", "module", "default"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: { dir: import.meta.dirname, testTimeout: 120_000, hookTimeout: 900_000 },
});
