/**
 * `node --conditions=@agentmesh/source packages/testkit/faults/upgrade/main.ts DIR`: fills a mesh with the build in DIR, kills it,
 * opens it with this one, and compares; then DIR's build over the new database, and over the copy put back. Exits 1 where
 * something is lost or a refusal is none.
 */

import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join, resolve } from "node:path";
import { cleanEnv, freePort, type RunningProgram, startTestBroker, tempDir, until, watched } from "testkit";
import { betterSqlite3 } from "../../../broker/src/store/sqlite/driver/better-sqlite3.ts";
import { listBackups } from "../../../broker/src/store/sqlite/file/backups.ts";
import { openDatabase } from "../../../broker/src/store/sqlite/file/open.ts";
import { Answers, callsAt } from "./call.ts";
import { about, compare } from "./compare.ts";
import { fill } from "./fill.ts";

const STARTS_WITHIN_MS = 60_000;
/** The shortest life of a message is over, and the old broker has noticed. */
const EXPIRED_AFTER_MS = 3_000;

const [dir] = process.argv.slice(2);
const program = join(resolve(dir ?? ""), "packages/broker/dist/main.js");
if (dir === undefined || !existsSync(program)) {
  console.error("Say a checkout of ours in which pnpm build was run.");
  process.exit(2);
}
using folder = tempDir();
const place = (name: string) => join(folder.path, name);
const wrong: string[] = [];
const check = (holds: boolean, what: string) => {
  console.log(`${holds ? "ok   " : "WRONG"} ${what}`);
  if (!holds) wrong.push(what);
};

const home = place("home");
mkdirSync(home, { mode: 0o700 });
{
  const old = await oldBroker(home);
  await fill(old.call, readFileSync(join(home, "key"), "utf8").trim());
  await new Promise((done) => setTimeout(done, EXPIRED_AFTER_MS));
  console.log("filled:", JSON.stringify((await old.status()).deliveries));
  old.running.child.kill("SIGKILL");
  await old.running.exit;
}
for (const name of ["before", "opened"]) cpSync(home, place(name), { recursive: true });
const before = join(place("before"), "mesh.db");

// Opened and not served: a start of a broker gives back what was leased.
openDatabase({
  driver: await betterSqlite3(),
  folder: place("opened"),
  synchronous: "full",
  startEmpty: false,
  notice: (_level, event, fields) => console.log(event, JSON.stringify(fields)),
}).db.close();
const [copy] = listBackups(place("opened"));
check(copy !== undefined, "there is a copy");
const looks = { before: about(before), copy: about(copy?.path ?? ""), after: about(join(place("opened"), "mesh.db")) };
for (const [which, look] of Object.entries(looks)) {
  check(look.whole === "ok" && look.found === looks.before.found, `${which}: ${JSON.stringify(look)}`);
}
for (const [which, path] of [
  ["copy", copy?.path ?? ""],
  ["after", join(place("opened"), "mesh.db")],
] as const) {
  for (const { table, rows, rowsThere, hash, hashThere } of compare(before, path)) {
    check(
      hash === hashThere,
      `${which}: ${table}: ${rows} rows, ${rowsThere} there, ${hash.slice(0, 12)}, ${hashThere.slice(0, 12)}`,
    );
  }
}

{
  await using broker = await startTestBroker({ home });
  const { deliveries, storage } = await broker.admin.status();
  console.log("served by this build:", JSON.stringify({ deliveries, migrated: storage.migrated }));
  await broker.kill("SIGTERM");
}
const refused = startOld(home, await freePort());
const { code } = await refused.exit;
check(
  code === 5 && /has schema \d+; this broker knows/.test(refused.stderr()),
  `refused with ${code}: ${refused.stderr().trim()}`,
);

mkdirSync(join(home, "aside"));
for (const end of ["", "-wal", "-shm"]) {
  if (existsSync(join(home, `mesh.db${end}`)))
    renameSync(join(home, `mesh.db${end}`), join(home, "aside", `mesh.db${end}`));
}
cpSync(listBackups(home)[0]?.path ?? "", join(home, "mesh.db"));
{
  const old = await oldBroker(home);
  console.log("the copy, served by the build of before:", JSON.stringify((await old.status()).deliveries));
  old.running.child.kill("SIGTERM");
  check((await old.running.exit).code === 0, "the build of before serves the copy");
}
process.exitCode = wrong.length === 0 ? 0 : 1;

function startOld(at: string, port: number): RunningProgram {
  const env = cleanEnv({
    AGENTMESH_HOME: at,
    AGENTMESH_SENDER_PER_MINUTE: "0",
    AGENTMESH_PAIR_PER_MINUTE: "0",
    AGENTMESH_REPEATS_PER_MINUTE: "0",
  });
  const args = [program, "--port", String(port), "--log-format", "json"];
  return watched(spawn(process.execPath, args, { stdio: ["pipe", "pipe", "pipe"], env }));
}

async function oldBroker(at: string) {
  const port = await freePort();
  const running = startOld(at, port);
  await until(() => running.stdout().includes('"broker.started"'), "the old broker to start", STARTS_WITHIN_MS);
  const call = callsAt(`http://127.0.0.1:${port}`);
  const key = readFileSync(join(at, "key"), "utf8").trim();
  return { running, call, status: async () => Answers.status.parse(await call("GET", "/v1/status", key)) };
}
