/** A state folder that is removed under a broker that is being started: nobody has asked for a new mesh. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { brokerExits } from "@agentmesh/protocol";
import { cleanEnv, freePort, programArgs, tempDir, watched } from "testkit";
import { expect, test } from "vitest";

test.skipIf(process.platform === "win32").each([
  ["the folder", "state", "state"],
  ["a folder above it", "above/state", "above"],
])(
  "a broker that starts in its state folder does not make it anew when %s is removed (not on Windows)",
  async (_, state, removed) => {
    using place = tempDir();
    const home = join(place.path, state);
    mkdirSync(home, { recursive: true });
    const env = cleanEnv({ AGENTMESH_HOME: home, AGENTMESH_PORT: String(await freePort()) });
    const script = [
      "-c",
      'rm -r "$0" && exec "$@"',
      join(place.path, removed),
      process.execPath,
      ...programArgs("broker"),
    ];
    const broker = watched(spawn("sh", script, { cwd: home, env }));
    expect((await broker.exit).code).toBe(brokerExits.stateFolder.code);
    expect(broker.stderr()).toContain(`The state folder ${home} was removed while its broker was being started`);
    expect(existsSync(join(place.path, removed))).toBe(false);
  },
);
