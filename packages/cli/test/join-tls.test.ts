/** Machines that join over TLS: by the pin of their invite, and no secret goes to who is not the broker. */
import { readFileSync, statSync } from "node:fs";
import { createServer } from "node:https";
import type { Socket } from "node:net";
import { openStateFolder, readJoinedMesh, writeJoinedMesh } from "@agentmesh/client/node";
import { inviteWord, readInviteLine } from "@agentmesh/protocol";
import { listening, startTestBroker, type TestBroker, tempDir } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { makeAuthority, makeServerPair } from "../../broker/src/tls/certificates.ts";
import { cli } from "./run-cli.ts";

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker({ args: ["--tls", "127.0.0.1:0"] });
});
afterAll(() => broker[Symbol.asyncDispose]());

const Made = z.object({ line: z.string(), urls: z.array(z.string()), ca: z.string() });

/** The word of an invite's line, made where the broker runs. */
async function invited() {
  const { line } = Made.parse(JSON.parse((await cli(broker.home, ["invite", "--json"])).stdout));
  const words = readInviteLine(line);
  if (!words) throw new Error(line);
  return { word: line.split(" ").at(-1) ?? "", words };
}

/** The one file that a machine which joined has. */
function joinedIn(home: string) {
  const mesh = readJoinedMesh(openStateFolder(home));
  if (!mesh) throw new Error("nothing was joined");
  return mesh;
}

test("a machine joins by one line, is in the mesh both ways, and is told nothing more once it was put out", async () => {
  using home = tempDir();
  const { word, words } = await invited();
  expect(words.urls).toEqual([expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+$/)]);
  const joined = await cli(home.path, ["join", word, "--host", "laptop"]);
  expect(joined).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("has joined the mesh at https://127.0.0.1:"),
  });
  const folder = openStateFolder(home.path);
  if (process.platform !== "win32") expect(statSync(folder.joinedFile).mode & 0o777).toBe(0o600);
  const near = await broker.agent("near");
  expect(await cli(home.path, ["send", "near", "from afar"])).toMatchObject({ code: 0 });
  const { deliveries } = await near.client.lease();
  const [delivery] = deliveries;
  expect(delivery?.message.body).toBe("from afar");
  await near.client.send({ to: delivery?.message.from.id ?? "", body: "seen", inReplyTo: delivery?.id });
  expect((await cli(home.path, ["inbox"])).stdout).toContain("seen");
  // The credential is exchanged while another program of the machine still has the one before.
  const before = joinedIn(home.path);
  expect(await cli(home.path, ["tokens", "rotate"])).toMatchObject({ code: 0 });
  expect(joinedIn(home.path).token).not.toBe(before.token);
  expect(await cli(home.path, ["agents"])).toMatchObject({ code: 0 });
  writeJoinedMesh(folder, before);
  expect(await cli(home.path, ["agents"])).toMatchObject({ code: 0 });
  expect(await cli(broker.home, ["revoke", "laptop", "--yes"])).toMatchObject({ code: 0 });
  const after = await cli(home.path, ["agents"]);
  expect(after).toMatchObject({ stdout: "", stderr: expect.stringContaining("does not know this machine any more") });
  expect(after.code).not.toBe(0);
  // A line that was used is no way back.
  expect(await cli(home.path, ["leave", "--yes"])).toMatchObject({ code: 0 });
  expect((await cli(home.path, ["join", word])).stderr).toContain("was used");
});

test("a line whose pin is another's, or whose address a stranger has, is not followed, and its secret goes nowhere", async () => {
  using home = tempDir();
  const { words } = await invited();
  const authority = await makeAuthority(Date.now());
  const pair = await makeServerPair(authority, ["127.0.0.1"], Date.now(), 86_400_000);
  const seen: Buffer[] = [];
  const between = createServer(pair, (_, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ ca: authority.cert }));
  });
  between.on("secureConnection", (socket: Socket) => socket.on("data", (bytes: Buffer) => seen.push(bytes)));
  const url = `https://127.0.0.1:${await listening(between)}`;
  const lines = [inviteWord({ ...words, ca: "0".repeat(64) }), inviteWord({ ...words, urls: [url] })];
  for (const line of lines) {
    const ended = await cli(home.path, ["join", line]);
    expect(ended.code).not.toBe(0);
    expect(ended.stderr).toMatch(
      /another certificate authority than the one that the invite names.*Nothing secret was sent/,
    );
  }
  between.closeAllConnections();
  await new Promise((resolve) => between.close(resolve));
  const sent = Buffer.concat(seen).toString("latin1");
  expect(sent).toContain("GET /v1/ca");
  expect(sent).not.toMatch(/ami_|amm_|authorization/i);
  expect(() => readFileSync(openStateFolder(home.path).joinedFile)).toThrow("ENOENT");
  // The invite is good still.
  expect(await cli(home.path, ["join", inviteWord(words)])).toMatchObject({ code: 0 });
});
