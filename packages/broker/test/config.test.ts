/** Settings: precedence, errors that name the setting, the generated page. */
import { describe, expect, test } from "vitest";
import { loadConfig } from "../src/config/load.ts";
import { configPage } from "../src/config/page.ts";

const noFile = () => undefined;

describe("a setting", () => {
  test("comes from flag, environment, file or default, in this order", () => {
    const file = () => JSON.stringify({ port: 3, maxAttempts: 3, inboxMaxMessages: 3 });
    const { config, sources } = loadConfig(["--port", "4"], { AGENTMESH_PORT: "2", AGENTMESH_MAX_ATTEMPTS: "2" }, file);
    expect(config).toMatchObject({ port: 4, maxAttempts: 2, inboxMaxMessages: 3, host: "127.0.0.1" });
    expect(sources).toMatchObject({
      port: "flag",
      maxAttempts: "environment",
      inboxMaxMessages: "file",
      host: "default",
    });
  });

  test("may be given by the predecessor's names", () => {
    expect(loadConfig([], { CLAUDE_PEERS_PORT: "8001" }, noFile).config?.port).toBe(8001);
    expect(loadConfig([], { CLAUDE_PEERS_PORT: "8001", AGENTMESH_PORT: "8002" }, noFile).config?.port).toBe(8002);
    expect(loadConfig([], { CLAUDE_PEERS_BIND: "::1" }, noFile).config?.host).toBe("::1");
    const database = { CLAUDE_PEERS_DB: "/data/peers.db" };
    expect(loadConfig([], database, noFile).config?.home).toBe("/data/peers.db.agentmesh");
    expect(loadConfig([], { ...database, AGENTMESH_HOME: "/mesh" }, noFile).config?.home).toBe("/mesh");
  });

  test("that is wrong or unknown is named with its source, and nothing is resolved", () => {
    const wrong = loadConfig(["--port", "70000"], { AGENTMESH_LOG_LEVEL: "loud" }, () => '{"prot": 1}');
    expect(wrong.config).toBeUndefined();
    expect(wrong.errors.join("\n")).toMatch(/unknown setting "prot"; did you mean port/);
    expect(wrong.errors.join("\n")).toContain('--port takes auto, or a port from 0 to 65535, not "70000".');
    expect(wrong.errors.join("\n")).toContain(
      'AGENTMESH_LOG_LEVEL takes trace, debug, info, warn or error, not "loud".',
    );
    expect(loadConfig(["--prot", "1"], {}, noFile).errors[0]).toContain("--prot");
    expect(loadConfig([], {}, () => "{").errors[0]).toContain("config.json is not a JSON object");
  });
});

test("docs/configuration.md is the settings, generated", async () => {
  await expect(configPage()).toMatchFileSnapshot("../../../docs/configuration.md");
});
