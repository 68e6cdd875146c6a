/** The mesh that a machine has joined: kept in its state folder, and found before a broker of its own. */
import { existsSync, statSync, writeFileSync } from "node:fs";
import { tempDir } from "testkit";
import { expect, test } from "vitest";
import {
  forgetJoinedMesh,
  type JoinedMesh,
  keepAddresses,
  locate,
  openStateFolder,
  readJoinedMesh,
  type StateFolder,
  StateFolderError,
  writeJoinedMesh,
} from "../src/node/index.ts";
import { addressesOf } from "../src/node/joined-mesh.ts";

const mesh: JoinedMesh = {
  version: 1,
  urls: ["https://192.0.2.7:7900", "https://desk.example:7900"],
  ca: "-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n",
  machine: `mch_${"0".repeat(32)}`,
  token: `amm_${"t".repeat(43)}`,
  host: "laptop",
};

function joined(path: string): StateFolder {
  const folder = openStateFolder(path);
  writeJoinedMesh(folder, mesh);
  return folder;
}

test("is kept whole where nobody else reads it, replaced by the next one, and gone when it is left", () => {
  using home = tempDir();
  const folder = joined(home.path);
  expect(readJoinedMesh(folder)).toEqual(mesh);
  if (process.platform !== "win32") expect(statSync(folder.joinedFile).mode & 0o777).toBe(0o600);
  const { ca, ...plain } = { ...mesh, urls: ["http://192.0.2.7:7899"] };
  writeJoinedMesh(folder, plain);
  expect(readJoinedMesh(folder)).toEqual(plain);
  expect([forgetJoinedMesh(folder), forgetJoinedMesh(folder)]).toEqual([true, false]);
  expect(readJoinedMesh(folder)).toBeUndefined();
});

test.each(["", "{}", "not JSON", JSON.stringify({ ...mesh, urls: [] }), JSON.stringify({ ...mesh, token: "am_x" })])(
  "is refused with a way out when its file holds something else: %j",
  (text) => {
    using home = tempDir();
    const folder = joined(home.path);
    writeFileSync(folder.joinedFile, text);
    expect(() => locate(folder, {})).toThrow(StateFolderError);
    expect(() => locate(folder, {})).toThrow("agentmesh leave");
    expect(forgetJoinedMesh(folder)).toBe(true);
    expect(locate(folder, {}).local).toBe(true);
  },
);

test.each(["ftp://192.0.2.7", "https://192.0.2.7/mesh", "https://user@192.0.2.7", "192.0.2.7:7900", "https://a:6000"])(
  "has no address such as %s",
  (url) => {
    using home = tempDir();
    expect(() => writeJoinedMesh(openStateFolder(home.path), { ...mesh, urls: [url] })).toThrow("an address such as");
  },
);

test("is looked for where its broker told, beside the addresses of the invite, and never by what is no address over TLS", () => {
  using home = tempDir();
  const folder = joined(home.path);
  const told = ["https://192.0.2.9:7900", "http://192.0.2.9:7900", "https://192.0.2.9/mesh", "https://a:6000", "no"];
  keepAddresses(folder, mesh, told);
  expect(addressesOf(folder, mesh)).toEqual(["https://192.0.2.9:7900", ...mesh.urls]);
  if (process.platform !== "win32") expect(statSync(folder.addressesFile).mode & 0o777).toBe(0o600);
  expect(readJoinedMesh(folder)).toEqual(mesh);
  expect(locate(folder, { AGENTMESH_URL: "https://192.0.2.9:7900" }).joined).toEqual(mesh);
  // However many are told, those of the invite are tried as well, and the newest of the others.
  for (let n = 0; n < 60; n++) keepAddresses(folder, mesh, [`https://192.0.2.9:${8_000 + n}`]);
  const all = addressesOf(folder, mesh);
  expect(all.slice(-2)).toEqual(mesh.urls);
  expect([all[0], all.length]).toEqual(["https://192.0.2.9:8059", 26]);
  // Of another mesh, of one that pins no certificate, and a file that holds anything else, they are none.
  expect(addressesOf(folder, { ...mesh, machine: `mch_${"1".repeat(32)}` })).toEqual(mesh.urls);
  const { ca, ...plain } = mesh;
  keepAddresses(folder, plain, ["https://192.0.2.10:7900"]);
  expect(addressesOf(folder, plain)).toEqual(mesh.urls);
  writeFileSync(folder.addressesFile, "{");
  expect(addressesOf(folder, mesh)).toEqual(mesh.urls);
  expect(forgetJoinedMesh(folder)).toBe(true);
  keepAddresses(folder, mesh, told);
  expect(existsSync(folder.addressesFile)).toBe(false);
});

test("comes before a broker of this folder and after every address that is named", () => {
  using home = tempDir();
  const folder = joined(home.path);
  writeFileSync(folder.brokerFile, JSON.stringify({ url: "http://127.0.0.1:8", port: 8, pid: 1, version: "1" }));
  writeFileSync(folder.portFile, "8");
  expect(locate(folder, {})).toEqual({ url: mesh.urls[0], local: false, namedBy: folder.joinedFile, joined: mesh });
  expect(locate(folder, { AGENTMESH_PORT: "7998" }).joined).toEqual(mesh);
  expect(locate(folder, {}, "http://127.0.0.1:7998")).toEqual({
    url: "http://127.0.0.1:7998",
    local: true,
    namedBy: "--url",
  });
  const elsewhere = { AGENTMESH_URL: "https://192.0.2.8", CLAUDE_PEERS_BROKER_URL: mesh.urls[1] };
  expect(locate(folder, elsewhere)).toEqual({ url: "https://192.0.2.8", local: false, namedBy: "AGENTMESH_URL" });
  // Named or not, it is the broker that was joined.
  expect(locate(folder, { AGENTMESH_URL: `${mesh.urls[1]}/` })).toEqual({
    url: mesh.urls[1],
    local: false,
    namedBy: "AGENTMESH_URL",
    joined: mesh,
  });
});
