/** Connections to one address of several that a name has. */

type Dns = NonNullable<ReturnType<typeof dns>>;
type LookupAddress = Awaited<ReturnType<Dns["promises"]["lookup"]>>;

function dns() {
  return process.getBuiltinModule("node:dns");
}

/** One address of a name. */
export interface NamedAt {
  readonly host: string;
  readonly address: string;
}

/** How an agent finds this name at that address; every other name, such as a proxy's, as the system does. */
export function lookupAt({ host, address }: NamedAt) {
  const family = address.includes(":") ? 6 : 4;
  return (
    hostname: string,
    options: { readonly all?: boolean | undefined; readonly hints?: number | undefined },
    done: (error: NodeJS.ErrnoException | null, found: string | LookupAddress[], family?: number) => void,
  ): void => {
    if (hostname === host && options.all) done(null, [{ address, family }]);
    else if (hostname === host) done(null, address, family);
    else if (options.all) dns().lookup(hostname, { hints: options.hints, all: true }, done);
    else dns().lookup(hostname, { hints: options.hints }, done);
  };
}

/**
 * All addresses of a name, in the order of its resolver; none where that does not say, or not within the time: then a connection says
 * what is wrong.
 */
export async function addressesOfName(host: string, ms: number): Promise<string[]> {
  const asked = dns().promises.lookup(host, { all: true, verbatim: true });
  const inTime = new AbortController();
  const late = new Promise<undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), ms);
    inTime.signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  });
  try {
    const found = await Promise.race([asked, late]);
    return [...new Set(found?.map(({ address }) => address))];
  } catch {
    return [];
  } finally {
    asked.catch(() => undefined);
    inTime.abort();
  }
}
