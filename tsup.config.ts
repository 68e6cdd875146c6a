// The published libraries: ESM JavaScript beside the declarations that tsc --build emits. Programs are made by the testkit.
import { defineConfig } from "tsup";

const entries = {
  protocol: ["index", "path-setting", "text/shown"],
  client: ["index", "node/index"],
  broker: ["index"],
  opencode: ["index"],
  pi: ["index"],
  cline: ["index"],
};

// The plugins are built with parts of the MCP adapter, so that OpenCode and Pi need not install the adapter's own dependencies.
const BUNDLED = "agentmesh-mcp/(?:session|http)";

export default defineConfig(
  Object.entries(entries).map(([folder, names]) => ({
    name: folder,
    entry: Object.fromEntries(names.map((name) => [name, `packages/${folder}/src/${name}.ts`])),
    outDir: `packages/${folder}/dist`,
    format: "esm" as const,
    target: "node22",
    platform: folder === "protocol" || folder === "client" ? ("neutral" as const) : ("node" as const),
    external: [new RegExp(`^(?!${BUNDLED}$)[^./]`)],
    noExternal: [new RegExp(`^${BUNDLED}$`)],
    esbuildOptions(options) {
      options.conditions = ["@agentmesh/source"];
    },
    splitting: true,
    sourcemap: false,
    dts: false,
    // Beside the broker's library lies its program, which was made before.
    clean: folder !== "broker" && ["!**/*.d.ts"],
    removeNodeProtocol: false,
  })),
);
