/** One word for a repository, whichever way its remote URL is written: two clones on two machines say the same. */

const SCHEMES = new Set(["http:", "https:", "ssh:", "git:", "git+ssh:", "ssh+git:", "git+https:", "git+http:"]);

/** Hosts by which a well-known one is reached over ssh where port 22 is shut. */
const ALSO_CALLED: Readonly<Record<string, string>> = {
  "ssh.github.com": "github.com",
  "altssh.gitlab.com": "gitlab.com",
  "altssh.bitbucket.org": "bitbucket.org",
};

/** `git@host:path`; a single letter before the colon is a drive. */
const LIKE_SCP = /^(?:[^\s@/:]+@)?(\[[^\]\s]+\]|[^\s@/:[\]]{2,}):(?!\/\/)(.+)$/s;

/**
 * The repository that a remote URL names, `host/path`: without scheme, user, secret, port and `.git`, its host in small
 * letters. Undefined for what means nothing on another machine: paths, `file:`, hosts of the loopback.
 */
export function repositoryOf(remoteUrl: string): string | undefined {
  const text = remoteUrl.trim();
  const parts = partsOf(text);
  if (parts === undefined) return undefined;
  const host = parts.host.toLowerCase().replace(/\.$/, "");
  if (host === "" || /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(host)) return undefined;
  const path = decoded(parts.path)
    .split("/")
    .filter((step) => step !== "")
    .join("/")
    .replace(/(?<=[^/])\.git$/i, "");
  const name = `${ALSO_CALLED[host] ?? host}/${path}`;
  return path === "" || name.length > MAX_REPOSITORY_CHARS || /[\p{Cc}\s]/u.test(name) ? undefined : name;
}

/** Longest such word, in characters. */
export const MAX_REPOSITORY_CHARS = 512;

function partsOf(text: string): { readonly host: string; readonly path: string } | undefined {
  if (!text.includes("://")) {
    const [, host, path] = LIKE_SCP.exec(text) ?? [];
    if (host !== undefined && path !== undefined) return { host, path };
    // What this function said of one before.
    const [, named = "", rest = ""] = /^([^\s/:@[\]]+\.[^\s/:@[\]]+)\/(.+)$/s.exec(text) ?? [];
    return named.startsWith(".") || named === "" ? undefined : { host: named, path: rest };
  }
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(text)?.[0].toLowerCase() ?? "";
  if (!SCHEMES.has(scheme)) return undefined;
  // As http: hosts of other schemes are not made comparable by URL.
  const url = parsed(`http:${text.slice(scheme.length)}`);
  return url && { host: url.hostname, path: url.pathname };
}

function parsed(url: string): URL | undefined {
  try {
    return new URL(url);
  } catch {
    return undefined;
  }
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
