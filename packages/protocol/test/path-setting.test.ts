/** Paths from variables, files and flags: expanded, or refused with what to write. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what no shell has expanded is the subject
import { describe, expect, test } from "vitest";
import { homeFolder, PathSettingError, pathSetting, stateFolderSetting } from "../src/path-setting.ts";

const env = { HOME: "/home/ada" };
const systemHome = () => "/home/listed";
const at = (said: string, more: object = {}) => pathSetting(said, { setting: "X", env, systemHome, ...more });

describe("a path of a setting", () => {
  test.each([
    ["/srv/mesh", "/srv/mesh"],
    ["/srv/mesh\n", "/srv/mesh"],
    ["  /srv/my mesh\r\n", "/srv/my mesh"],
    ["~", "/home/ada"],
    ["~/mesh", "/home/ada/mesh"],
    ["~/", "/home/ada/"],
    ["$HOME", "/home/ada"],
    ["$HOME/mesh", "/home/ada/mesh"],
    ["${HOME}/mesh\n", "/home/ada/mesh"],
    ["/srv/price$5/100%", "/srv/price$5/100%"],
    ["/srv/~backup", "/srv/~backup"],
    ["/srv/größe", "/srv/größe"],
  ])("%j is %s", (said, meant) => {
    expect(at(said)).toBe(meant);
  });

  test.each([
    ["", "a path is missing"],
    [" \n", "a path is missing"],
    ["mesh", "a relative path"],
    ["./mesh", "a relative path"],
    ["../mesh", "a relative path"],
    ["C:\\mesh", "a relative path"],
    ["~grace/mesh", "~grace is not expanded here"],
    ["~+/mesh", "~+ is not expanded here"],
    ["$HOMER/mesh", "$HOMER stands in it"],
    ["/srv/$USER/mesh", "$USER stands in it"],
    ["${workspaceFolder}/mesh", "${workspaceFolder} stands in it"],
    ["/srv/${env:HOME}/mesh", "${env:HOME} stands in it"],
    ["${HOME:-/tmp}/mesh", "${HOME:-/tmp} stands in it"],
    ["${HOME", "${HOME stands in it"],
    ["%APPDATA%\\mesh", "%APPDATA% stands in it"],
    ["/srv/a\n/srv/b", "a path of one line"],
    ["/srv/a\0b", "a path of one line"],
  ])("%j is refused: %s", (said, why) => {
    expect(() => at(said)).toThrow(PathSettingError);
    expect(() => at(said)).toThrow(`X is ${JSON.stringify(said)}: ${why}`);
  });

  test("that a person typed starts in the working directory when it is relative", () => {
    expect(at("mesh", { from: "/work" })).toBe("/work/mesh");
    expect(at("~/mesh", { from: "/work" })).toBe("/home/ada/mesh");
    expect(() => at("", { from: "/work" })).toThrow("a path is missing");
  });

  test("of Windows is whole with its drive, and begins at the profile", () => {
    const windows = { env: { SystemRoot: "C:\\Windows", USERPROFILE: "C:\\Users\\ada", HOME: "/c/Users/ada" } };
    expect(at("D:\\mesh", windows)).toBe("D:\\mesh");
    expect(at("~\\mesh", windows)).toBe("C:\\Users\\ada\\mesh");
    expect(at("%USERPROFILE%\\mesh", windows)).toBe("C:\\Users\\ada\\mesh");
  });
});

describe("the state folder", () => {
  const folder = (more: Record<string, string>) => stateFolderSetting({ ...env, ...more }, systemHome);

  test("is what AGENTMESH_HOME says, else beside CLAUDE_PEERS_DB, else in the home folder", () => {
    expect(folder({ AGENTMESH_HOME: "~/a", CLAUDE_PEERS_DB: "~/p.db" })).toBe("/home/ada/a");
    expect(folder({ AGENTMESH_HOME: "", CLAUDE_PEERS_DB: "~/p.db\n" })).toBe("/home/ada/p.db.agentmesh");
    expect(folder({ AGENTMESH_HOME: " " })).toBe("/home/ada/.agentmesh");
  });

  test("is nowhere else when what names it cannot be used", () => {
    expect(() => folder({ AGENTMESH_HOME: "a", CLAUDE_PEERS_DB: "/p.db" })).toThrow('AGENTMESH_HOME is "a"');
    expect(() => folder({ CLAUDE_PEERS_DB: "p.db" })).toThrow('CLAUDE_PEERS_DB is "p.db"');
  });
});

test("a home folder is HOME, else the one in the list of users, else there is none, which is said", () => {
  const none = () => {
    throw new Error("ENOENT");
  };
  expect(homeFolder({ env, systemHome: none })).toBe("/home/ada");
  expect(homeFolder({ env: {}, systemHome })).toBe("/home/listed");
  expect(homeFolder({ env: { HOME: "" }, systemHome })).toBe("/home/listed");
  expect(() => homeFolder({ env: {}, systemHome: none })).toThrow("Set HOME to one, or AGENTMESH_HOME to a folder");
  expect(() => homeFolder({ env: {}, systemHome: () => "" })).toThrow("This user has no home folder");
  expect(() => homeFolder({ env: { HOME: "here" }, systemHome })).toThrow('HOME is "here", which is not a whole path');
});
