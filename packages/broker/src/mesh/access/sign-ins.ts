/** Sign-ins at the page: who signs in by which code, as whom, and how that ends. */
import { randomBytes } from "node:crypto";
import {
  type EndpointReply,
  type EndpointRequest,
  type endpoints,
  MAX_PAGE_CODES,
  MAX_PAGE_LINKS,
  type OwnSignIn,
  PAGE_CODE_MS,
  PAGE_LIFE_MS,
  type PageLink,
  type SignIn,
} from "@agentmesh/protocol";
import type { Agents } from "../agents.ts";
import { byOf, type KeyCaller, type PageSignIn } from "../caller.ts";
import { timestamp } from "../clock.ts";
import { MeshError } from "../errors.ts";
import { newId } from "../ids.ts";
import type { AgentRecord, By } from "../store.ts";
import type { Audit } from "./audit.ts";
import type { KeptLink, KeptSignIn } from "./sign-ins-kept.ts";
import { SignedIn, type SignedInParts } from "./signed-in.ts";

type Table = typeof endpoints;

/** A code that was not used yet. */
interface Code {
  readonly as: AgentRecord["id"] | undefined;
  readonly until: number;
}

/** What sign-ins are kept and known by. */
export interface PageParts {
  /** Whether this broker serves the page. */
  readonly isOpen: boolean;
  readonly place: SignedInParts["place"];
  /** What a secret is known by under the mesh key, for one use of it: with another key nobody is signed in any more. */
  readonly known: (use: "cookie" | "code" | "page", secret: string) => string;
}

/** The verbs on sign-ins. Each throws MeshError no_page where the broker serves none. */
export class SignIns {
  readonly #agents: Agents;
  readonly #audit: Audit;
  readonly #page: PageParts;
  readonly #signedIn: SignedIn;
  readonly #codes = new Map<string, Code>();

  constructor(parts: { agents: Agents; audit: Audit; page: PageParts } & Omit<SignedInParts, "place">) {
    [this.#agents, this.#audit, this.#page] = [parts.agents, parts.audit, parts.page];
    this.#signedIn = new SignedIn({ ...parts, place: parts.page.place });
  }

  /** Makes a code that signs in once, or a link that only looks. @throws MeshError agent_not_found, forbidden, quota_full */
  async code(
    caller: KeyCaller,
    { as, readOnly, forMs }: EndpointRequest<Table["pageCode"]>["body"],
  ): Promise<Omit<EndpointReply<Table["pageCode"]>, "urls">> {
    const now = this.#now();
    if (readOnly) {
      const code = secret("amv");
      const link: KeptLink = {
        id: newId("lnk"),
        known: this.#page.known("code", code),
        madeAt: now,
        until: now + forMs,
      };
      if (this.#signedIn.links.length >= MAX_PAGE_LINKS) {
        throw new MeshError(
          "quota_full",
          `${MAX_PAGE_LINKS} read-only links can be used, which is the most. Revoke some: agentmesh tokens, agentmesh revoke lnk_…`,
        );
      }
      this.#signedIn.addLink(link);
      this.#signedIn.keep();
      await this.#audit.note({ act: "page_link_made", by: byOf(caller), about: { id: link.id } });
      return { code, until: timestamp(link.until), link: link.id };
    }
    const person = as === undefined ? undefined : personOf(await this.#agents.resolve(as, caller));
    const code = secret("amc");
    const until = now + PAGE_CODE_MS;
    for (const [hash, each] of this.#codes) if (each.until <= now) this.#codes.delete(hash);
    this.#codes.set(this.#page.known("code", code), { as: person?.id, until });
    const [oldest] = this.#codes.keys();
    if (this.#codes.size > MAX_PAGE_CODES && oldest !== undefined) this.#codes.delete(oldest);
    await this.#audit.note({ act: "page_code_made", by: byOf(caller), ...(person && { about: person }) });
    return { code, until: timestamp(until) };
  }

  /** Signs in: the secret of a cookie, and what the page is told. Undefined for a code that nobody has, or not any more. */
  async signIn(
    code: string,
    address: string | undefined,
  ): Promise<{ readonly cookie: string; readonly own: OwnSignIn } | undefined> {
    const now = this.#now();
    const { known } = this.#page;
    const hash = known("code", code);
    const once = this.#codes.get(hash);
    this.#codes.delete(hash);
    const link = this.#signedIn.links.find((each) => each.known === hash);
    const from = address === undefined ? {} : { address };
    if ((once?.until ?? 0) <= now && !link) {
      this.#audit.refused("page_refused", { kind: "nobody", ...from }, "no sign-in has this code, or not any more");
      return undefined;
    }
    const cookie = randomBytes(32).toString("base64url");
    const signIn: KeptSignIn = {
      ...{ id: newId("sin"), known: known("cookie", cookie), signedInAt: now, lastUsedAt: now },
      ...(once?.as !== undefined && { as: once.as }),
      ...(link && { link: link.id }),
      until: link?.until ?? now + PAGE_LIFE_MS,
    };
    this.#signedIn.add(signIn);
    this.#signedIn.keep();
    const why = link ? `to look, by ${link.id}` : "by a code";
    await this.#audit.note({ act: "page_signed_in", by: { kind: "page", id: signIn.id, ...from }, why });
    return { cookie, own: await this.own(this.#shown(signIn, cookie)) };
  }

  /** The sign-in of a cookie. A call by it is a use. */
  byCookie(cookie: string): PageSignIn | undefined {
    this.#now();
    const hash = this.#page.known("cookie", cookie);
    const found = this.#signedIn.signIns.find((each) => each.known === hash);
    if (!found) return undefined;
    this.#signedIn.used(found);
    return this.#shown(found, cookie);
  }

  /** What the page is told of its sign-in. */
  async own({ value, readOnly, as, until }: PageSignIn): Promise<OwnSignIn> {
    const person = as === undefined ? undefined : await this.#agents.find(as);
    return {
      ...{ page: value, readOnly, until: timestamp(until) },
      ...(person && { person: { id: person.id, name: person.name } }),
    };
  }

  /** Ends it. @throws MeshError storage_full */
  async signOut({ id }: PageSignIn): Promise<void> {
    await this.#end([id], { kind: "page", id });
  }

  /** Those that are signed in and the links, the newest first. */
  list(): EndpointReply<Table["listSignIns"]> {
    this.#now();
    const { signIns, links } = this.#signedIn;
    return { signIns: signIns.map(shownSignIn).reverse(), links: links.map(shownLink).reverse() };
  }

  /** Ends a sign-in, or a link with all that came by it; returns how many sign-ins. @throws MeshError storage_full */
  async revoke(caller: KeyCaller, id: string): Promise<number> {
    this.#now();
    const { signIns, links } = this.#signedIn;
    const ids = signIns.filter((each) => each.id === id || each.link === id).map((each) => each.id);
    if (links.some((each) => each.id === id)) {
      this.#signedIn.dropLink(id);
      await this.#audit.note({ act: "page_link_revoked", by: byOf(caller), about: { id } });
    }
    await this.#end(ids, byOf(caller));
    return ids.length;
  }

  #now(): number {
    if (this.#page.isOpen) return this.#signedIn.now();
    throw new MeshError(
      "no_page",
      "This broker serves no page: it was started with --no-ui. Start it without, or use the command line: agentmesh --help",
    );
  }

  #shown({ id, link, as, until }: KeptSignIn, cookie: string): PageSignIn {
    return {
      ...{ id, as, until, readOnly: link !== undefined, value: this.#page.known("page", cookie) },
      over: this.#signedIn.overOf(id),
      opened: () => this.#signedIn.opened(id),
    };
  }

  async #end(ids: readonly KeptSignIn["id"][], by: By): Promise<void> {
    this.#signedIn.drop(ids);
    const isKept = this.#signedIn.keep();
    for (const id of ids) await this.#audit.note({ act: "page_signed_out", by, about: { id } });
    if (isKept) return;
    throw new MeshError(
      "storage_full",
      "It has ended, but the disk did not take the note of that: a broker that is started again would let it in. Free some space, and end it again.",
    );
  }
}

/** Whoever opens the page writes as a person of this machine, or as nobody. */
function personOf(agent: AgentRecord): Pick<AgentRecord, "id" | "name"> {
  const { id, name, person, machine } = agent;
  if (person && machine === undefined) return { id, name };
  throw new MeshError(
    "forbidden",
    `${name} is no person's agent of this machine, so that nobody writes as it at the page. Open the page as one of the command line's: agentmesh ui`,
  );
}

function secret(prefix: "amc" | "amv"): string {
  return `${prefix}_${randomBytes(32).toString("base64url")}`;
}

function shownSignIn({ id, as, link, signedInAt, lastUsedAt, until }: KeptSignIn): SignIn {
  return {
    ...{ id, readOnly: link !== undefined, ...(as !== undefined && { as }), ...(link !== undefined && { link }) },
    ...{ signedInAt: timestamp(signedInAt), lastUsedAt: timestamp(lastUsedAt), until: timestamp(until) },
  };
}

function shownLink({ id, madeAt, until }: KeptLink): PageLink {
  return { id, madeAt: timestamp(madeAt), until: timestamp(until) };
}
