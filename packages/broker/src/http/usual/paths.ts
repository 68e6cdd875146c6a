/** Paths of the endpoint table, looked up without a router: words, and at most one name behind the noun. */

/** A name that needs no decoding; one of another form goes to the router, which says what is wrong with it. */
const NAME = /^[\w.-]{1,200}$/;

/** What a path leads to. */
export interface Found<T> {
  readonly route: T;
  /** What stands in the place of the row's parameter. */
  readonly params: Readonly<Record<string, string>>;
}

interface Place<T> {
  readonly route: T;
  /** The parameter's name; undefined without one. */
  readonly parameter: string | undefined;
}

/** `/v1/NOUN/:name/verb`: what stands before the name, it, and what stands behind. */
const SHAPE = /^(\/v1\/[\w-]+\/):(\w+)((?:\/[\w-]+)?)$/;

/** The paths, each with its route. */
export class Paths<T> {
  readonly #places = new Map<string, Place<T>>();

  /** @throws Error for a path with parameters elsewhere, which the router is for */
  add(path: string, route: T): void {
    const [, before, parameter, behind] = SHAPE.exec(path) ?? [];
    if (parameter === undefined && path.includes(":")) throw new Error(`${path} is a path for the router`);
    this.#places.set(parameter === undefined ? path : `${before}:${behind}`, { route, parameter });
  }

  /** Undefined for a path that only the router can tell, as one with a query. */
  find(url: string): Found<T> | undefined {
    const fixed = this.#places.get(url);
    if (fixed && fixed.parameter === undefined) return { route: fixed.route, params: {} };
    const from = url.indexOf("/", "/v1/".length) + 1;
    if (from === 0) return undefined;
    const slash = url.indexOf("/", from);
    const until = slash < 0 ? url.length : slash;
    const place = this.#places.get(`${url.slice(0, from)}:${url.slice(until)}`);
    if (place?.parameter === undefined) return undefined;
    const name = url.slice(from, until);
    return NAME.test(name) ? { route: place.route, params: { [place.parameter]: name } } : undefined;
  }
}
