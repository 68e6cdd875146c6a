/** The layout's rules, kept by a test: which folder may import which, and how large a file may grow. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const packages = fileURLToPath(new URL("../..", import.meta.url));

interface Source {
  readonly path: string;
  readonly imports: readonly string[];
  readonly lines: number;
  readonly text: string;
}

const sources: Source[] = ["protocol", "client", "broker", "mcp", "cli", "opencode", "pi", "cline", "ui"].flatMap(
  (name) =>
    readdirSync(join(packages, name, "src"), { recursive: true, encoding: "utf8" })
      .filter((path) => /\.tsx?$/.test(path))
      .map((path) => {
        const file = join(packages, name, "src", path);
        const text = readFileSync(file, "utf8");
        const imports = [
          ...text.matchAll(/^(?:(?:import|export)\b[^;"]*?\bfrom |import )"([^"\n]+)"|\bimport\("([^"\n]+)"\)/gm),
        ]
          .map(([, stated, loaded]) => stated ?? loaded ?? "")
          .map((to) => (to.startsWith(".") ? relative(packages, normalize(join(dirname(file), to))) : to));
        return { path: relative(packages, file), imports, lines: text.split("\n").length, text };
      }),
);

/** From where → what may be imported beside its own folder; prefixes of package or path. */
const rules: [from: string, may: string[]][] = [
  ["protocol/src/", ["zod"]],
  ["client/src/node/", ["@agentmesh/protocol", "zod", "node:", "client/src/"]],
  ["client/src/", ["@agentmesh/protocol", "eventsource-parser"]],
  ["broker/src/mesh/", ["@agentmesh/protocol", "node:crypto", "uuid", "fastest-levenshtein", "zod"]],
  ["broker/src/store/shared/", ["@agentmesh/protocol", "broker/src/mesh/", "node:crypto", "zod"]],
  [
    "broker/src/store/postgres/",
    [
      "@agentmesh/protocol",
      "broker/src/mesh/",
      "broker/src/store/shared/",
      "broker/src/store/postgres/driver/",
      "node:crypto",
      "uuid",
      "zod",
    ],
  ],
  ["broker/src/store/postgres/driver/", ["broker/src/mesh/", "node:net", "pg", "zod"]],
  [
    "broker/src/store/sqlite/",
    [
      "@agentmesh/protocol",
      "broker/src/mesh/",
      "broker/src/store/shared/",
      "broker/src/store/sqlite/driver/",
      "node:fs",
      "node:path",
      "node:crypto",
      "uuid",
      "zod",
    ],
  ],
  [
    "broker/src/store/sqlite/driver/",
    [
      "broker/src/store/sqlite/context.ts",
      "better-sqlite3",
      "node:fs",
      "node:module",
      "node:path",
      "node:sqlite",
      "zod",
    ],
  ],
  ["broker/src/hooks/", ["@agentmesh/protocol", "broker/src/mesh/", "broker/src/json-levels.ts", "node:crypto", "zod"]],
  ["broker/src/a2a/", ["@agentmesh/protocol", "broker/src/mesh/", "broker/src/json-levels.ts", "node:crypto", "zod"]],
  [
    "broker/src/mcp-events/",
    ["@agentmesh/protocol", "agentmesh-mcp/http", "broker/src/mesh/", "broker/src/sinks/", "node:crypto", "zod"],
  ],
  ["broker/src/sinks/", ["@agentmesh/protocol", "broker/src/mesh/", "broker/src/a2a/", "node:"]],
  [
    "broker/src/http/",
    [
      "@agentmesh/protocol",
      "broker/src/mesh/",
      "broker/src/hooks/",
      "broker/src/a2a/",
      "broker/src/sinks/",
      "broker/src/json-levels.ts",
      "agentmesh-mcp/http",
      "fastify",
      "zod",
      "node:crypto",
      "node:http",
      "node:net",
    ],
  ],
  [
    "broker/src/legacy/",
    [
      "@agentmesh/protocol",
      "any-ascii",
      "broker/src/mesh/",
      "fastify",
      "zod",
      "node:crypto",
      "node:fs",
      "node:net",
      "node:os",
      "node:path",
    ],
  ],
  [
    "broker/src/tls/",
    [
      "@agentmesh/protocol",
      "@peculiar/x509",
      "reflect-metadata",
      "broker/src/config/",
      "broker/src/http/",
      "broker/src/listening.ts",
      "broker/src/mesh/clock.ts",
      "broker/src/state-files.ts",
      "broker/src/whole-file.ts",
      "broker/src/store/sqlite/context.ts",
      "node:",
    ],
  ],
  [
    "broker/src/move/",
    [
      "@agentmesh/protocol",
      "broker/src/store/",
      "broker/src/config/",
      "broker/src/password-file.ts",
      "broker/src/whole-file.ts",
      "zod",
      "node:",
    ],
  ],
  [
    "broker/src/config/",
    [
      "@agentmesh/protocol",
      "broker/src/mesh/names/near-names.ts",
      "broker/src/store/postgres/database/shown-address.ts",
      "zod",
      "node:",
    ],
  ],
  ["mcp/src/place/", ["@agentmesh/protocol", "zod", "node:"]],
  ["mcp/src/", ["@agentmesh/protocol", "@agentmesh/client", "zod", "node:", "mcp/src/place/"]],
  ["opencode/src/", ["agentmesh-mcp/session", "zod"]],
  ["cline/src/", ["agentmesh-mcp/session", "zod"]],
  ["ui/src/", ["@agentmesh/protocol", "preact", "@preact/signals"]],
  ["pi/src/", ["agentmesh-mcp/session", "zod", "node:fs", "node:os", "node:path"]],
  [
    "cli/src/setup/",
    ["@agentmesh/protocol", "@agentmesh/client/node", "smol-toml", "diff", "zod", "node:", "cli/src/"],
  ],
  ["cli/src/doctor/", ["@agentmesh/protocol", "@agentmesh/client", "zod", "node:", "cli/src/"]],
  ["cli/src/selftest/", ["@agentmesh/protocol", "@agentmesh/client", "zod", "node:", "cli/src/"]],
  ["cli/src/demo/", ["@agentmesh/protocol", "@agentmesh/client", "node:", "cli/src/"]],
  [
    "cli/src/",
    [
      "@agentmesh/protocol",
      "@agentmesh/client",
      "commander",
      "zod",
      "node:",
      "cli/src/setup/configure.ts",
      "cli/src/doctor/examine.ts",
      "cli/src/demo/run.ts",
      "cli/src/selftest/run.ts",
    ],
  ],
];

describe("the layout", () => {
  test.each(rules)("%s imports only what its layer may", (from, may) => {
    const closer = rules.map(([other]) => other).filter((other) => other !== from && other.startsWith(from));
    const own = sources.filter(({ path }) => path.startsWith(from) && !closer.some((other) => path.startsWith(other)));
    expect(own.length).toBeGreaterThan(0);
    const strays = own.flatMap(({ path, imports }) =>
      imports
        .filter((to) => !to.startsWith(from) || closer.some((other) => to.startsWith(other)))
        .filter((to) => !may.some((allowed) => to === allowed || to.startsWith(allowed)))
        .map((to) => `${path} → ${to}`),
    );
    expect(strays).toEqual([]);
  });

  test("only main and index import the composition root", () => {
    const users = sources
      .filter(({ imports }) => imports.includes("broker/src/start-broker.ts"))
      .map(({ path }) => path);
    expect(users.sort()).toEqual(["broker/src/index.ts", "broker/src/serve.ts"]);
  });

  test("no file imports, by whatever way round, a file that imports it; of types neither", () => {
    const importsOf = new Map(sources.map(({ path, imports }) => [path, imports]));
    const reached = (from: string, seen = new Set<string>()): Set<string> => {
      for (const to of importsOf.get(from) ?? []) if (importsOf.has(to) && !seen.has(to)) reached(to, seen.add(to));
      return seen;
    };
    expect(sources.map(({ path }) => path).filter((path) => reached(path).has(path))).toEqual([]);
  });

  test("no file has more than 250 lines", () => {
    const long = sources.filter(({ lines }) => lines > 250).map(({ path, lines }) => `${path}: ${lines}`);
    expect(long).toEqual([]);
  });

  test("no folder has more than 20 files", () => {
    const folders = Map.groupBy(sources, ({ path }) => dirname(path));
    const large = [...folders].filter(([, files]) => files.length > 20);
    expect(large.map(([folder, { length }]) => `${folder}: ${length}`)).toEqual([]);
  });

  test("every file says its duty in its first comment", () => {
    const silent = sources.filter(({ text }) => !/^(#!.*\n)?\/\*\*/.test(text)).map(({ path }) => path);
    expect(silent).toEqual([]);
  });

  test("the environment is read in the configuration alone", () => {
    const readers = sources.filter(({ text }) => /process\.env\b/.test(text)).map(({ path }) => path);
    const allowed =
      /^(broker\/src\/serve|client\/src\/node\/|mcp\/src\/(config|run|main)|(opencode|pi|cline)\/src\/index|cli\/src\/(context|main|program|terminal\/output))/;
    expect(readers.filter((path) => !allowed.test(path))).toEqual([]);
  });

  test("every changeset names packages that exist, each once, and says something", () => {
    const names = readdirSync(packages)
      .map((folder) => join(packages, folder, "package.json"))
      .filter((file) => existsSync(file))
      .map((file) => /"name": "([^"]+)"/.exec(readFileSync(file, "utf8"))?.[1]);
    const folder = join(packages, "..", ".changeset");
    const wrong = readdirSync(folder)
      .filter((file) => file.endsWith(".md"))
      .filter((file) => {
        const [, head = "", text = ""] =
          /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(readFileSync(join(folder, file), "utf8")) ?? [];
        const bumps = head.split("\n").map((line) => /^"([^"]+)": (?:patch|minor|major)$/.exec(line)?.[1]);
        return (
          text.trim() === "" || new Set(bumps).size < bumps.length || bumps.some((name) => !names.includes(name ?? "-"))
        );
      });
    expect(wrong).toEqual([]);
  });
});
