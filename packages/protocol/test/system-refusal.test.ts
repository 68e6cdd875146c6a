/** Refusals of the operating system: from errors that Node really makes to sentences. */

import { spawn } from "node:child_process";
import { lookup } from "node:dns/promises";
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { shareLoopback, shareProcesses, standpointOf, systemRefusal, systemSentences } from "@agentmesh/protocol";
import { afterAll, describe, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "agentmesh-test-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("it was granted");
}

function said(error: unknown): string {
  const refusal = systemRefusal(error);
  if (!refusal) throw new Error(`no refusal in ${error}`);
  return systemSentences(refusal);
}

describe("a refusal that Node makes an error of", () => {
  writeFileSync(at("file"), "");
  mkdirSync(at("folder"));
  symlinkSync("loop", at("loop"));

  test.each([
    ["ENOENT", () => readFileSync(at("none")), /none cannot be opened: it does not exist \(ENOENT\)/],
    ["ENOTDIR", () => readFileSync(at("file/x")), /file\/x cannot be opened: a part of the path is a file/],
    ["EISDIR", () => writeFileSync(at("folder"), ""), /folder cannot be opened: a folder stands where a file belongs/],
    ["EISDIR", () => readFileSync(at("folder")), /What was to be read cannot be read: a folder stands/],
    ["ELOOP", () => readFileSync(at("loop")), /loop cannot be opened: it is a symbolic link/],
    ["ENAMETOOLONG", () => mkdirSync(at("x".repeat(300))), /cannot be made: the path is longer/],
    ["EEXIST", () => linkSync(at("file"), at("folder")), /folder cannot be made: it exists already/],
  ] as const)("is sentences with file, cause, code and remedy: %s", (code, act, sentence) => {
    const error = thrownBy(act);
    expect(said(error)).toMatch(sentence);
    expect(said(error)).toMatch(new RegExp(`\\(${code}\\)\\. \\S.*\\.$`));
    expect(said(new TypeError("fetch failed", { cause: error }))).toBe(said(error));
  });

  test("names the program that was not started, the port that nobody listens on and the machine that is not known", async () => {
    const none = await new Promise((resolve) => spawn(at("none")).once("error", resolve));
    expect(said(none)).toMatch(/none cannot be started: it does not exist/);
    const script = await new Promise((resolve) => spawn(at("file")).once("error", resolve));
    expect(said(script)).toMatch(/file cannot be started: .* \(EACCES\)/);
    const nobody = await new Promise((resolve) => connect(1, "127.0.0.1").once("error", resolve));
    expect(said(nobody)).toMatch(/^127\.0\.0\.1:1 cannot be reached: nobody listens there/);
    expect(systemRefusal(nobody)?.passes).toBe(true);
    const unknown = await lookup("no.such.machine.invalid").catch((error: unknown) => error);
    expect(said(unknown)).toMatch(/^no\.such\.machine\.invalid cannot be found: .* \((ENOTFOUND|EAI_AGAIN)\)/);
  });

  test("says of every number that this system knows something that is no library's wording", () => {
    for (const [code, errno] of Object.entries(constants.errno)) {
      const error = Object.assign(new Error(`${code}: some words, open '/x'`), {
        code,
        errno: -errno,
        syscall: "open",
        path: "/x",
      });
      expect(said(error)).toMatch(/^\/x cannot be opened: [^:]+ \(\w+\)\. [A-Z].*\.$/);
    }
  });

  test("is none of an error that is no system's: a bug stays one", () => {
    for (const error of [
      new TypeError("x is undefined"),
      Object.assign(new Error("no"), { code: "ERR_INVALID_ARG_TYPE" }),
      "EACCES",
      undefined,
    ]) {
      expect(systemRefusal(error)).toBeUndefined();
    }
  });

  test("passes by itself or does not: what somebody has to mend is not tried again at once", () => {
    const passes = (code: string) => systemRefusal(Object.assign(new Error(code), { code }))?.passes;
    for (const code of ["EMFILE", "ENFILE", "EAGAIN", "ETXTBSY", "ECONNREFUSED", "SQLITE_BUSY_SNAPSHOT"])
      expect(passes(code)).toBe(true);
    for (const code of ["EACCES", "EPERM", "EROFS", "ENOSPC", "ENOTDIR", "ENOEXEC", "EIO", "SQLITE_FULL", "EADDRINUSE"])
      expect(passes(code)).toBe(false);
  });
});

describe("two standpoints", () => {
  const here = standpointOf({
    hostname: () => "laptop",
    readFile: (path) => readFileSync(path, "utf8"),
    readLink: (path) => readdirSync(path).join(),
  });

  test("share a loopback and process ids only when both are known to be the same", () => {
    const full = { hostname: "a", boot: "b1", network: "net:[1]", processes: "pid:[1]" };
    expect(shareLoopback(full, { ...full, hostname: "container" })).toBe(true);
    expect(shareLoopback(full, { ...full, network: "net:[2]" })).toBe(false);
    expect(shareProcesses(full, { ...full, processes: "pid:[2]" })).toBe(false);
    expect(shareLoopback(full, { ...full, boot: "b2" })).toBe(false);
    expect(shareLoopback({ hostname: "mac" }, full)).toBe(false);
    expect(shareLoopback({ hostname: "mac" }, { hostname: "mac" })).toBeUndefined();
    expect(shareLoopback({ hostname: "a", boot: "b1" }, full)).toBeUndefined();
  });

  test("are read without ever throwing", () => {
    expect(here).toMatchObject({ hostname: "laptop" });
    const nothing = () => {
      throw new Error("no");
    };
    expect(standpointOf({ hostname: nothing, readFile: nothing, readLink: nothing })).toEqual({
      hostname: "localhost",
    });
  });
});
