// Tests of this package, run from TypeScript sources.
import { defineProject } from "vitest/config";

const conditions = ["@agentmesh/source", "node", "import", "module", "default"];

export default defineProject({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: { include: ["test/**/*.test.ts"] },
});
