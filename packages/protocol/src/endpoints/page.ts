/** Endpoints of the page: how a browser signs in, what is known of those that have, and how they are put out. */
import * as z from "zod";
import { OwnSignIn, PageCodeReply, PageCodeRequest, PageLink, SignIn, SignInRequest } from "../access/page.ts";
import { endpoint } from "../endpoint.ts";
import { PageLinkId, SignInId } from "../ids.ts";
import { object, strictObject } from "../shapes/lazy-object.ts";

/** Their rows. */
export const pageEndpoints = {
  pageCode: endpoint({
    method: "POST",
    path: "/v1/ui/codes",
    summary: "Make a code that signs a browser in at the page, once and within a minute; or a read-only link.",
    access: "key",
    repeatable: true,
    body: PageCodeRequest,
    status: 201,
    reply: PageCodeReply,
    errors: ["agent_not_found", "quota_full", "no_page"],
  }),

  signIn: endpoint({
    method: "POST",
    path: "/v1/ui/sign-in",
    summary: "Exchange a code for the page's cookie.",
    access: "public",
    page: true,
    repeatable: false,
    body: SignInRequest,
    status: 200,
    reply: OwnSignIn,
    errors: ["no_page"],
  }),

  ownSignIn: endpoint({
    method: "GET",
    path: "/v1/ui/sign-in",
    summary: "What the page was told when it signed in.",
    access: "page",
    page: true,
    repeatable: true,
    status: 200,
    reply: OwnSignIn,
    errors: ["no_page"],
  }),

  signOut: endpoint({
    method: "DELETE",
    path: "/v1/ui/sign-in",
    summary: "Sign out: the cookie is void, and what is open by it ends.",
    access: "page",
    page: true,
    repeatable: true,
    status: 200,
    reply: object(() => ({ signedOut: z.literal(true) })),
    errors: ["no_page"],
  }),

  listSignIns: endpoint({
    method: "GET",
    path: "/v1/ui/sign-ins",
    summary: "Browsers that are signed in and read-only links, the newest first.",
    access: "key",
    repeatable: true,
    status: 200,
    reply: object(() => ({ signIns: z.array(SignIn), links: z.array(PageLink) })),
    errors: ["no_page"],
  }),

  revokeSignIn: endpoint({
    method: "DELETE",
    path: "/v1/ui/sign-ins/:id",
    summary: "End a sign-in, or a read-only link with all that came by it.",
    access: "key",
    repeatable: true,
    params: strictObject(() => ({ id: z.union([SignInId, PageLinkId]) })),
    status: 200,
    reply: object(() => ({
      ended: z
        .int()
        .nonnegative()
        .meta({ description: "sign-ins that ended by it; 0 as well when it was over before" }),
    })),
    errors: ["no_page"],
  }),
} as const;
