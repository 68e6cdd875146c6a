/** A file that is ours from the first byte to the last, such as a client's extension. */
import type { ConfigFile } from "./config-file.ts";

/** What is said of it. */
export interface OwnFileTerms {
  readonly path: string;
  readonly what: string;
  readonly text: string;
  /** How each edition of it begins, by which it is known from a person's file of that name. */
  readonly begins: string;
}

/** The file; one of a person's that has its name is left as it is, unless it is to be replaced. */
export function ownFile({ path, what, text: wanted, begins }: OwnFileTerms): ConfigFile {
  const holdsOurs = (text: string) => text.startsWith(begins);
  const theirs = (text: string) => text.split("\n", 1)[0]?.slice(0, 60) ?? "";
  return {
    path,
    empty: "",
    holdsOurs,
    install(text, { replace }) {
      if (text === undefined || text === "") return { text: wanted, parts: [{ what, standing: "added" }], notes: [] };
      if (text === wanted) return { text, parts: [{ what, standing: "same" }], notes: [] };
      if (holdsOurs(text)) return { text: wanted, parts: [{ what, standing: "updated" }], notes: [] };
      const found = theirs(text);
      if (replace) return { text: wanted, parts: [{ what, standing: "replaced", found }], notes: [] };
      return { text, parts: [{ what, standing: "foreign", found }], notes: [] };
    },
    uninstall(text, before) {
      if (!holdsOurs(text)) return { text, parts: [{ what, standing: "missing" }], notes: [] };
      return { text: before, parts: [{ what, standing: "removed" }], notes: [] };
    },
  };
}
