/** The address of a database as it may be shown: without a password, wherever one stands in it. */

/** Takes the passwords out. */
export function shownAddress(url: string): string {
  const [, scheme = "", user, rest = ""] = /^([a-z]+:\/\/)(?:([^/?#]*)@)?(.*)$/is.exec(url) ?? ["", "", undefined, url];
  const name = user?.split(":")[0];
  return `${scheme}${name === undefined ? "" : `${name}@`}${rest.replace(/([?&](?:ssl)?password=)[^&#]*/gi, "$1…")}`;
}
