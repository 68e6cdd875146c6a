/** A mesh over machines as people make one: networks of their own, TLS, the commands that they type, adapters, and a man in the middle. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { inviteWord, readInviteLine } from "@agentmesh/protocol";
import {
  assertInTime,
  type ClaudeInbox,
  cleanEnv,
  type McpSession,
  openClaudeInbox,
  openInterceptor,
  openLan,
  startMcpSession,
  stopwatch,
  until,
  whyNoLan,
} from "testkit";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { makeAuthority, makeServerPair } from "../../broker/src/tls/certificates.ts";
import { Desk } from "./desk.ts";

const why = whyNoLan();
const DAY_MS = 86_400_000;
const PORT = 7_901;
const SECRET = /am[ik]?_[\w-]{20,}|amm_[\w-]{20,}|authorization/i;
const Status = z.object({ streams: z.int() });

/** A session of Claude Code on a machine: its adapter, and the inbox that the adapter pushes into. */
class Seat implements AsyncDisposable {
  readonly session: McpSession;
  readonly #inbox: ClaudeInbox;

  private constructor(session: McpSession, inbox: ClaudeInbox) {
    this.session = session;
    this.#inbox = inbox;
  }

  static async at({ home, machine: { inside } }: Desk, name: string): Promise<Seat> {
    const cwd = join(home, name);
    mkdirSync(cwd, { recursive: true });
    const inbox = await openClaudeInbox();
    const env = { AGENTMESH_NAME: name, CLAUDE_CODE_MESSAGING_SOCKET: inbox.path };
    const session = await startMcpSession({ home, cwd, under: inside, env });
    expect(await session.joined()).toBe(name);
    return new Seat(session, inbox);
  }

  async tool(name: string, args: Record<string, unknown>): Promise<string> {
    const { text, isError } = await this.session.tool(name, args);
    expect(isError, `${name}: ${text}`).toBe(false);
    return text;
  }

  /** The text with these words, once it is pushed. */
  shown(words: string): Promise<string> {
    return until(() => this.#inbox.texts.find(({ text }) => text.includes(words))?.text, `the push of ${words}`);
  }

  /** How many pushed texts have these words. */
  times(words: string): number {
    return this.#inbox.texts.filter(({ text }) => text.includes(words)).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.session.close();
    await this.#inbox[Symbol.asyncDispose]();
  }
}

/** The number by which a pushed message is answered. */
function numberIn(text: string): string {
  const [, number] = / message="(\d+)"/.exec(text) ?? [];
  if (number === undefined) throw new Error(`no number stands in ${text}`);
  return number;
}

describe.skipIf(why !== undefined)(
  `a mesh over machines, TLS between them${why === undefined ? "" : ` (skipped: ${why})`}`,
  { timeout: 300_000 },
  () => {
    test("machines join by one line and are pushed to both ways, a bad line and a man in the middle at the broker's address get nothing, and who is put out comes back by a new invite", async () => {
      await using lan = await openLan(["desk", "laptop", "tower", "thief"]);
      using desk = new Desk(lan.machine("desk"));
      using laptop = new Desk(lan.machine("laptop"));
      using tower = new Desk(lan.machine("tower"));
      using visitor = new Desk(lan.machine("thief"));
      const [home, thief] = [desk.machine.address, visitor.machine];
      // Its address comes and goes below: by itself the broker takes up to ten seconds to follow.
      const args = ["--tls", String(PORT), "--allowed-hosts", `${home}:${PORT}`];
      const broker = desk.machine.start("broker", args, {
        env: cleanEnv({ AGENTMESH_HOME: desk.home }),
      });
      await until(() => broker.stdout().includes("broker.started"), "the broker");

      const late = await desk.invited("--for", "10s");
      const expires = Date.now() + 10_000;
      const used = await desk.invited("--name", "lap-*");
      await laptop.joined(used, "laptop");
      await tower.joined(await desk.invited(), "tower");

      await using near = await Seat.at(desk, "near");
      await using far = await Seat.at(laptop, "lap-far");
      await using high = await Seat.at(tower, "high");
      const all = ["high on tower", "lap-far on laptop", expect.stringMatching(/^near on /)];
      expect(await laptop.agents()).toEqual(all);
      expect(await desk.agents()).toEqual(all);
      expect(await far.tool("list_peers", {})).toMatch(/near[\s\S]*high|high[\s\S]*near/);

      // Sent and pushed both ways, and between two that are not the broker's machine.
      await far.tool("send_message", { to: "near", message: "from the laptop" });
      expect(await near.shown("from the laptop")).toContain('trust="remote"');
      await near.tool("send_message", { to: "lap-far", message: "from the desk" });
      await far.shown("from the desk");
      await far.tool("send_message", { to: "high", message: "from laptop to tower" });
      await high.shown("from laptop to tower");

      const asked = near.session.tool("ask_peer", { to: "lap-far", message: "is it ready?", wait_seconds: 60 });
      const question = numberIn(await far.shown("is it ready?"));
      await far.tool("reply", { message_id: question, message: "it is" });
      expect((await asked).text).toContain("it is");

      for (const seat of [near, far]) await seat.tool("subscribe", { topic: "build.>" });
      await high.tool("publish", { topic: "build.done", message: "built on the tower" });
      await Promise.all([near.shown("built on the tower"), far.shown("built on the tower")]);

      // Without a network the tools of a session answer in their time; with it they go on, and what was sent meanwhile is there.
      laptop.machine.unplug();
      const inTime = async (tool: string, args: Record<string, unknown>) => {
        const ms = stopwatch();
        const answer = await far.session.toolOnce(tool, args);
        assertInTime(ms(), 2_500);
        return answer;
      };
      const away = await inTime("send_message", { to: "near", message: "unheard" });
      // Once more, while its broker is looked for at every address: also what would wait for an answer says so.
      for (let n = 0; n < 3; n++) {
        const unasked = await inTime("ask_peer", { to: "near", message: "unheard?", wait_seconds: 60 });
        expect(unasked).toMatchObject({
          isError: true,
          text: expect.stringMatching(/No broker (?:has answered|answers) at/),
        });
      }
      expect(away).toMatchObject({ isError: true, text: expect.stringContaining(`https://${home}:${PORT}`) });
      expect(away.text).toMatch(/on another machine: there is no network here just now.*stores the message only once/);
      await near.tool("send_message", { to: "lap-far", message: "while it was away" });
      laptop.machine.plug();
      await far.shown("while it was away");

      // Bad lines, each said in a sentence.
      const words = readInviteLine(await desk.invited());
      if (!words) throw new Error("the line of an invite is none");
      expect(await visitor.refused("join", used)).toContain("The invite was used");
      expect(await visitor.refused("join", inviteWord({ ...words, ca: "0".repeat(64) }))).toContain(
        "another certificate authority than the one that the invite names",
      );

      // Somebody stands between, first at an address of his own, then at the broker's.
      const pair = await makeServerPair(await makeAuthority(Date.now()), [home, thief.address], Date.now(), DAY_MS);
      const [own, real] = [`${thief.address}:${PORT}`, `${home}:${PORT}`];
      {
        await using between = await openInterceptor(thief, own, real, pair);
        const led = inviteWord({ ...words, urls: [`https://${own}`] });
        expect(await visitor.refused("join", led)).toMatch(
          /a certificate of another authority.*Nothing secret was sent/,
        );
        // He passes on the broker's own authority, which has the right pin: it is his certificate that is not signed by it.
        expect(between.seen()).toContain("GET /v1/ca");
        await until(() => between.seen().split("came").length > 2, "the connection that was to carry the secret");
        expect(between.seen()).not.toMatch(SECRET);
      }
      desk.machine.move();
      thief.move(home);
      {
        await using between = await openInterceptor(thief, real, `${desk.machine.address}:${PORT}`, pair);
        expect(await laptop.refused("agents")).toContain("Nothing secret was sent");
        expect(await tower.refused("send", "near", "for the broker alone")).toContain("Nothing secret was sent");
        const answer = await until(async () => {
          const { text, isError } = await far.session.toolOnce("send_message", { to: "near", message: "untold" });
          return isError && text.includes("another authority") && text;
        }, "the adapter to say who is there");
        expect(answer).toContain("Nothing secret was sent");
        expect(between.seen()).toContain("came");
        expect(between.seen()).not.toContain("sent");
        await near.tool("send_message", { to: "lap-far", message: "while he stood there" });
      }
      thief.move();
      desk.machine.move(home);
      await far.shown("while he stood there");
      expect(far.times("while he stood there")).toBe(1);

      await until(() => Date.now() > expires, "the first invite to be past its time");
      expect(await visitor.refused("join", late)).toContain("was past its time");

      // Put out, and back by a new invite alone.
      const streams = async () => Status.parse(JSON.parse(await desk.done("status", "--json"))).streams;
      await until(async () => (await streams()) === 3, "all streams");
      await desk.done("revoke", "laptop", "--yes");
      await until(async () => (await streams()) === 2, "the end of the laptop's stream");
      const out = await until(async () => {
        const { text, isError } = await far.session.toolOnce("send_message", { to: "near", message: "untold" });
        return isError && text;
      }, "the adapter to be out");
      expect(out).toMatch(/agentmesh (join|invite)/);
      expect(await laptop.refused("agents")).toContain("does not know this machine any more");
      expect(await desk.agents()).toEqual(["high on tower", expect.stringMatching(/^near on /)]);
      await laptop.done("leave", "--yes");
      expect(await laptop.refused("join", used)).toContain("The invite was used");
      await laptop.joined(await desk.invited(), "laptop");
      await using again = await Seat.at(laptop, "lap-far-again");
      await again.tool("send_message", { to: "near", message: "back again" });
      await near.shown("back again");
      await near.tool("send_message", { to: "lap-far-again", message: "welcome back" });
      await again.shown("welcome back");

      const audit = await desk.done("audit", "--json");
      expect(audit).not.toMatch(SECRET);
      expect(near.times("untold") + near.times("for the broker alone")).toBe(0);
    });
  },
);
