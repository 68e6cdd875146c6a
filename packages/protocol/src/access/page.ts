/** The page in a person's browser: signed in by a code that works once, or by a link that only looks. */
import * as z from "zod";
import { AgentId, PageLinkId, SignInId } from "../ids.ts";
import { AgentName } from "../names/names.ts";
import { object, strictObject } from "../shapes/lazy-object.ts";
import { Timestamp } from "../time.ts";

/** Where a request of the page says that it is the page that signed in: with the value that the sign-in was answered. */
export const PAGE_HEADER = "agentmesh-page";

/** How long a code to sign in is good, in milliseconds: one minute. It works once. */
export const PAGE_CODE_MS = 60_000;

/** How many codes wait to be used at a time; one more, and the oldest is void. */
export const MAX_PAGE_CODES = 64;

/** When a sign-in ends that is not used, and when it ends at the latest, in milliseconds: 12 hours, 7 days. */
export const PAGE_IDLE_MS = 43_200_000;
export const PAGE_LIFE_MS = 604_800_000;

/** How long a read-only link is good when nothing is said, in milliseconds: 8 hours; from 1 minute to 7 days. */
export const DEFAULT_PAGE_LINK_MS = 28_800_000;
export const MIN_PAGE_LINK_MS = 60_000;
export const MAX_PAGE_LINK_MS = 604_800_000;

/** How many sign-ins there are at a time (one more ends the one that was not used for longest), and how many read-only links. */
export const MAX_SIGN_INS = 64;
export const MAX_PAGE_LINKS = 64;

/** Secret in the fragment of the page's address: of a sign-in that works once, or of a read-only link. */
export const PageCode = z
  .string()
  .regex(/^am[cv]_[A-Za-z0-9_-]{43}$/, "amc_ or amv_ and 43 base64url characters")
  .meta({ description: "amc_…: signs in once; amv_…: a read-only link" });
export type PageCode = z.infer<typeof PageCode>;

/** Asks for a way to the page. */
export const PageCodeRequest = strictObject(() => ({
  as: z
    .union([AgentId, AgentName])
    .optional()
    .meta({ description: "a person's agent, as whom the page writes; left out, it writes as nobody" }),
  readOnly: z
    .boolean()
    .default(false)
    .meta({ description: "a link that only looks, and works until its time is over" }),
  forMs: z
    .int()
    .min(MIN_PAGE_LINK_MS)
    .max(MAX_PAGE_LINK_MS)
    .default(DEFAULT_PAGE_LINK_MS)
    .meta({ description: "how long a read-only link is good" }),
}));
export type PageCodeRequest = z.infer<typeof PageCodeRequest>;

/** The code: the page is at `URL/ui#code=CODE`. */
export const PageCodeReply = object(() => ({
  code: PageCode,
  urls: z.array(z.string()).meta({ description: "addresses of the page: on this machine, then for others" }),
  until: Timestamp,
  link: PageLinkId.optional().meta({ description: "of a read-only link" }),
}));
export type PageCodeReply = z.infer<typeof PageCodeReply>;

/** Signs in with a code. */
export const SignInRequest = strictObject(() => ({ code: PageCode }));
export type SignInRequest = z.infer<typeof SignInRequest>;

/** What the page is told of its sign-in. */
export const OwnSignIn = object(() => ({
  page: z
    .string()
    .meta({ description: "goes into the header agentmesh-page of every call; keep it for this origin alone" }),
  readOnly: z.boolean(),
  until: Timestamp.meta({ description: "when it ends at the latest" }),
  person: object(() => ({ id: AgentId, name: AgentName }))
    .optional()
    .meta({ description: "as whom the page writes" }),
}));
export type OwnSignIn = z.infer<typeof OwnSignIn>;

/** A browser that is signed in. */
export const SignIn = object(() => ({
  id: SignInId,
  readOnly: z.boolean(),
  as: AgentId.optional(),
  link: PageLinkId.optional().meta({ description: "the read-only link by which it came" }),
  signedInAt: Timestamp,
  lastUsedAt: Timestamp.meta({ description: "to ten minutes" }),
  until: Timestamp,
}));
export type SignIn = z.infer<typeof SignIn>;

/** A link that only looks. */
export const PageLink = object(() => ({ id: PageLinkId, madeAt: Timestamp, until: Timestamp }));
export type PageLink = z.infer<typeof PageLink>;
