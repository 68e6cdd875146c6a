/** How long codes, sign-ins and links of the page last, and how many there are: by a clock that is set. */
import { createHmac } from "node:crypto";
import {
  DEFAULT_TTL_MS,
  MAX_PAGE_CODES,
  MAX_PAGE_LINKS,
  MAX_SIGN_INS,
  PAGE_CODE_MS,
  PAGE_IDLE_MS,
  PAGE_LIFE_MS,
} from "@agentmesh/protocol";
import { tempDir } from "testkit";
import { expect, test } from "vitest";
import { ConfigSchema } from "../src/config/schema.ts";
import { createMesh } from "../src/mesh/mesh.ts";
import { Seal } from "../src/mesh/webhook/seal.ts";
import { openDatabase } from "../src/store/sqlite/file/open.ts";
import { sqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import { driver } from "./store/drivers.ts";
import { fakeClock } from "./store/fake-clock.ts";

const HOUR_MS = 3_600_000;
const key = { kind: "key" } as const;

/** A mesh whose page keeps what it is given, or does not. */
async function begin(folder: string) {
  const clock = fakeClock();
  const database = openDatabase({ driver, folder, synchronous: "normal", startEmpty: false, notice: () => {} });
  const store = sqliteStore(database, clock);
  const kept: unknown[] = [];
  const faults: unknown[] = [];
  const disk = { isFull: false };
  const room = { freeBytes: undefined, minFreeBytes: 0, ballastBytes: 0, spent: false };
  const none = { post: async () => ({ kind: "taken", status: 200 }) as const, close: () => {} };
  const mesh = createMesh({
    ...{
      store,
      clock,
      sight: { isHere: () => true, isMissing: () => false, isGone: () => false },
      seal: new Seal("key"),
      disk: { look: () => room },
    },
    readPost: () => undefined,
    policy: { ...ConfigSchema.parse({ home: folder }), messageTtlMs: DEFAULT_TTL_MS },
    sinks: {
      timeoutMs: () => 1_000,
      vet: async () => {},
      open: () => ({ ...none, test: none.post, follow: async () => undefined }),
    },
    page: {
      isOpen: true,
      place: {
        read: () => kept.at(-1),
        write: (all) => {
          if (disk.isFull) throw new Error("no room");
          kept.push(structuredClone(all));
        },
      },
      known: (use, secret) => createHmac("sha256", "key").update(`${use} ${secret}`).digest("hex"),
    },
    onWebhook: () => {},
    onFault: (error) => faults.push(error),
  });
  const { signIns } = mesh;
  const code = async () => (await signIns.code(key, { readOnly: false, forMs: 0 })).code;
  return {
    ...{ signIns, clock, kept, faults, disk, code },
    async [Symbol.asyncDispose]() {
      await mesh.close();
      await store.close();
    },
  };
}

const cookieOf = async (
  signIns: { signIn: (code: string, address: undefined) => Promise<{ cookie: string } | undefined> },
  code: string,
) => (await signIns.signIn(code, undefined))?.cookie ?? "none";

test("a code is good for a minute, and of too many the oldest is void", async () => {
  using folder = tempDir();
  await using page = await begin(folder.path);
  const late = await page.code();
  page.clock.advance(PAGE_CODE_MS);
  expect(await page.signIns.signIn(late, undefined)).toBeUndefined();
  const oldest = await page.code();
  const others: string[] = [];
  for (let i = 0; i < MAX_PAGE_CODES; i++) others.push(await page.code());
  page.clock.advance(PAGE_CODE_MS - 1);
  expect(await page.signIns.signIn(oldest, undefined)).toBeUndefined();
  expect(await page.signIns.signIn(others[0] ?? "", undefined)).toBeDefined();
});

test("a sign-in ends 12 hours after its last use, unless something is open by it, and after 7 days at the latest", async () => {
  using folder = tempDir();
  await using page = await begin(folder.path);
  const { signIns, clock } = page;
  const idle = await cookieOf(signIns, await page.code());
  const used = await cookieOf(signIns, await page.code());
  const open = await cookieOf(signIns, await page.code());
  const signIn = signIns.byCookie(open);
  const close = signIn?.opened();
  for (let passed = 0; passed < PAGE_IDLE_MS + HOUR_MS; passed += HOUR_MS) {
    clock.advance(HOUR_MS);
    expect(signIns.byCookie(used)).toBeDefined();
  }
  expect(signIns.byCookie(idle)).toBeUndefined();
  expect(signIns.byCookie(open)).toBeDefined();
  expect(signIn?.over.aborted).toBe(false);
  clock.advance(PAGE_LIFE_MS);
  expect([signIns.byCookie(used), signIns.byCookie(open)]).toEqual([undefined, undefined]);
  expect(signIn?.over.aborted).toBe(true);
  close?.();
});

test("of too many sign-ins the one that was not used for longest ends; those of a link take no room from others", async () => {
  using folder = tempDir();
  await using page = await begin(folder.path);
  const { signIns, clock } = page;
  const first = await cookieOf(signIns, await page.code());
  const second = await cookieOf(signIns, await page.code());
  clock.advance(HOUR_MS);
  expect(signIns.byCookie(first)).toBeDefined();
  const { code: link } = await signIns.code(key, { readOnly: true, forMs: 2 * HOUR_MS });
  for (let i = 0; i <= MAX_SIGN_INS; i++) await signIns.signIn(link, undefined);
  expect(signIns.list().signIns.filter(({ readOnly }) => readOnly)).toHaveLength(MAX_SIGN_INS);
  expect(signIns.byCookie(second)).toBeDefined();
  for (let i = 0; i < MAX_SIGN_INS - 1; i++) {
    clock.advance(1);
    await signIns.signIn(await page.code(), undefined);
  }
  expect(signIns.list().signIns.filter(({ readOnly }) => !readOnly)).toHaveLength(MAX_SIGN_INS);
  expect([signIns.byCookie(first), signIns.byCookie(second)].filter((each) => each === undefined)).toHaveLength(1);
  clock.advance(2 * HOUR_MS);
  expect(await signIns.signIn(link, undefined)).toBeUndefined();
  expect(signIns.list().signIns.some(({ readOnly }) => readOnly)).toBe(false);
});

test("links are so many at most, and one that is over makes room", async () => {
  using folder = tempDir();
  await using page = await begin(folder.path);
  const { signIns, clock } = page;
  for (let i = 0; i < MAX_PAGE_LINKS; i++) await signIns.code(key, { readOnly: true, forMs: HOUR_MS });
  await expect(signIns.code(key, { readOnly: true, forMs: HOUR_MS })).rejects.toMatchObject({ code: "quota_full" });
  clock.advance(HOUR_MS);
  await expect(signIns.code(key, { readOnly: true, forMs: HOUR_MS })).resolves.toMatchObject({
    link: expect.stringMatching(/^lnk_/),
  });
});

test("on a full disk a browser signs in, and who ends that is told that the end was not kept", async () => {
  using folder = tempDir();
  await using page = await begin(folder.path);
  const { signIns, disk, kept } = page;
  const { code: link, link: id = "" } = await signIns.code(key, { readOnly: true, forMs: HOUR_MS });
  disk.isFull = true;
  const cookie = await cookieOf(signIns, link);
  expect(signIns.byCookie(cookie)).toBeDefined();
  await expect(signIns.revoke(key, id)).rejects.toMatchObject({ code: "storage_full" });
  expect(signIns.byCookie(cookie)).toBeUndefined();
  expect(kept.at(-1)).toMatchObject({ links: [{ id }] });
  disk.isFull = false;
  expect(await signIns.revoke(key, id)).toBe(0);
  expect(kept.at(-1)).toEqual({ signIns: [], links: [] });
});
