// Runs every package's tests as one vitest project each, from TypeScript sources, without a build.
import { defineConfig } from "vitest/config";

export default defineConfig({ test: { projects: ["packages/*"], maxWorkers: 2, testTimeout: 30_000, hookTimeout: 30_000 } });
