// Runs every package's tests as one vitest project each, from TypeScript sources; the programs that they start are made
// from them first. What takes long because it is thorough is in vitest.thorough.ts.
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig, type ViteUserConfig } from "vitest/config";

/** Without "import", which whoever resolves adds by itself: Node is given them too, and its `require` would be given modules. */
const conditions = ["@agentmesh/source", "node", "module", "default"];

// Real processes on a machine under load: a test that hangs is found by its own until(), long before this.
const timeouts = { testTimeout: 120_000, hookTimeout: 120_000 };

const inTestkit = (file: string) => fileURLToPath(new URL(`packages/testkit/src/${file}`, import.meta.url));

/** Each starts brokers, which write to one disk. */
const MOST_WORKERS = 6;

/** Tests of the tests: whether the property suite, the history checker and the fault suite find what they are there for. */
const OF_THE_TESTS = [
  "**/test/properties/mutants/*.test.ts",
  "**/test/properties/postgres/mutants.test.ts",
  "**/faults/*.test.ts",
];

/**
 * What starts programs by the dozen, and that few changes touch: how the programs fare on a machine that is not the usual
 * one (another user, namespaces, proxies, full disks, wrong file modes, files that are gone, a clock that steps, the other
 * database library, other versions, ports that are taken, a database that is restored under a follower, what doctor and the
 * self-test look for), and what `pnpm start` leads through.
 */
const ON_OTHER_MACHINES = [
  "**/test/behind-proxy.test.ts",
  "**/test/copied-folder.test.ts",
  "**/test/crash-points.test.ts",
  "**/test/database-drivers.test.ts",
  "**/test/doctor.test.ts",
  "**/test/find-broker.test.ts",
  "**/test/first-start.test.ts",
  "**/test/follow.test.ts",
  "**/test/full-disk.test.ts",
  "**/test/hook-namespaces.test.ts",
  "**/test/inheritance.test.ts",
  "**/test/intake.test.ts",
  "**/test/lan-addresses.test.ts",
  "**/test/lan-story.test.ts",
  "**/test/network-namespace.test.ts",
  "**/test/one-life.test.ts",
  "**/test/pnpm-start.test.ts",
  "**/test/proxy.test.ts",
  "**/test/refusals.test.ts",
  "**/test/second-user.test.ts",
  "**/test/selftest.test.ts",
  "**/test/setup-disk.test.ts",
  "**/test/skew.test.ts",
  "**/test/state-folder-setting.test.ts",
  "**/test/system-errors.test.ts",
  "**/test/upgrade.test.ts",
];

/**
 * What goes a second time, through dozens of real programs, where other tests go through fewer or none: identities
 * (conformance, wiring and mutants beside them), setup (its files: `config-files`), the predecessor's wire, quotations
 * (`render`), the screens of docs/troubleshooting (each command's own tests), commands that wait (`ask`, `send`, `ping`), the
 * whole table of exit codes, the broker's log for people, what the pages and the examples show.
 */
const THROUGH_DOZENS_OF_PROGRAMS = [
  "**/test/demo.test.ts",
  "**/test/examples.test.ts",
  "**/test/exit-codes.test.ts",
  "**/test/identity/changes.test.ts",
  "**/test/identity/sessions.test.ts",
  "**/test/legacy.test.ts",
  "**/test/logs.test.ts",
  "**/test/quotations.test.ts",
  "**/test/setup.test.ts",
  "**/test/snippets.test.ts",
  "**/test/page-link.test.ts",
  "**/test/tokens.test.ts",
  "**/test/top.test.ts",
  "**/test/troubleshooting/*.test.ts",
  "**/test/waiting.test.ts",
];

/** What is there to be tried, behind a setting that nobody has on, or behind none yet. */
const BEHIND_A_SETTING = [
  "**/test/mcp-events.test.ts",
  "**/test/event-webhooks.test.ts",
  "**/test/store/postgres*.test.ts",
];

/** What `pnpm test` leaves to `pnpm test:thorough`. */
export const thoroughOnly = [...OF_THE_TESTS, ...ON_OTHER_MACHINES, ...THROUGH_DOZENS_OF_PROGRAMS, ...BEHIND_A_SETTING];

/** A run of the test files that are named, in each package that has some. */
export function runOf(
  include: string[],
  exclude: string[],
  more: { readonly env?: Record<string, string>; readonly isolate: boolean },
): ViteUserConfig {
  return {
    test: {
      // Two more than processors: a file often waits for the clock.
      maxWorkers: Math.min(availableParallelism() + 2, MOST_WORKERS),
      globalSetup: [inTestkit("programs/build.ts")],
      projects: ["protocol", "client", "broker", "mcp", "cli", "opencode", "pi", "cline", "ui", "testkit"].map(
        (name) => ({
          root: `packages/${name}`,
          resolve: { conditions },
          ssr: { resolve: { conditions, externalConditions: conditions } },
          test: {
            name,
            include,
            exclude: ["**/node_modules/**", ...exclude],
            ...more,
            setupFiles: [inTestkit("leak-check.ts")],
            ...timeouts,
          },
        }),
      ),
    },
  };
}

// A file leaves nothing behind for the next one of its worker, which need not import broker and client anew.
export default defineConfig(runOf(["{test,faults}/**/*.test.ts"], thoroughOnly, { isolate: false }));
