/** Paths of the endpoint table, looked up without a router: words, and at most one name behind the noun. */

/** A name that needs no decoding; one of another form goes to the router, which says what is wrong with it. */
const NAME = /^[\w.-]{1,200}$/;

/** What a path leads to. */
export interface Found<T> {
  readonly route: T;
  /** What stands in the place of the row's parameter. */
  readonly params: Readonly<Record<string, string>>;
}

interface Named<T> {
  readonly route: T;
  readonly parameter: string;
}

/** What begins with one noun. */
interface Noun<T> {
  /** By what stands behind the noun. */
  readonly fixed: Map<string, T>;
  /** By what stands behind the name. */
  readonly named: Map<string, Named<T>>;
}

/** `/v1/NOUN/…` or `/v1/NOUN/:name…`: the noun, the parameter, and what stands behind. */
const SHAPE = /^(\/v1\/[\w-]+)(?:\/:(\w+))?((?:\/[\w-]+)?)$/;

/** The paths, each with its route. */
export class Paths<T> {
  readonly #nouns = new Map<string, Noun<T>>();

  /** @throws Error for a path with parameters elsewhere, which the router is for */
  add(path: string, route: T): void {
    const [whole, noun = "", parameter, behind = ""] = SHAPE.exec(path) ?? [];
    if (whole === undefined) throw new Error(`${path} is a path for the router`);
    const known = this.#nouns.get(noun) ?? { fixed: new Map(), named: new Map() };
    this.#nouns.set(noun, known);
    if (parameter === undefined) known.fixed.set(behind, route);
    else known.named.set(behind, { route, parameter });
  }

  /** Undefined for a path that only the router can tell, as one with a query. */
  find(url: string): Found<T> | undefined {
    const end = url.indexOf("/", "/v1/".length);
    const noun = this.#nouns.get(end < 0 ? url : url.slice(0, end));
    if (!noun) return undefined;
    const fixed = noun.fixed.size > 0 ? noun.fixed.get(end < 0 ? "" : url.slice(end)) : undefined;
    if (fixed !== undefined) return { route: fixed, params: {} };
    if (end < 0 || noun.named.size === 0) return undefined;
    const slash = url.indexOf("/", end + 1);
    const until = slash < 0 ? url.length : slash;
    const named = noun.named.get(url.slice(until));
    if (!named) return undefined;
    const name = url.slice(end + 1, until);
    return NAME.test(name) ? { route: named.route, params: { [named.parameter]: name } } : undefined;
  }
}
