// Runs every package's tests as one vitest project each, from TypeScript sources, without a build.
import { defineConfig } from "vitest/config";

export default defineConfig({ test: { projects: ["packages/*"] } });
