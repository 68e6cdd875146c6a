/** Markdown as far as agents write it: to a tree of a few kinds, from which elements are made and never HTML. */

/** A piece of a line. A link is shown, and leads nowhere: whoever wrote it is not to choose where a person goes. */
export type Inline =
  | { readonly kind: "text" | "code"; readonly text: string }
  | { readonly kind: "strong" | "em"; readonly of: readonly Inline[] }
  | { readonly kind: "link"; readonly text: string; readonly url: string };

/** A block. */
export type Block =
  | { readonly kind: "paragraph" | "heading"; readonly of: readonly Inline[] }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "list"; readonly ordered: boolean; readonly items: readonly (readonly Inline[])[] }
  | { readonly kind: "quote"; readonly of: readonly Block[] }
  | { readonly kind: "rule" };

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const HEADING = /^ {0,3}#{1,6}\s+(.*?)\s*#*$/;
const RULE = /^ {0,3}([-*_])(\s*\1){2,}\s*$/;
const ITEM = /^\s*(?:[-*+]|(\d{1,9})[.)])\s+(.*)$/;
const QUOTE = /^ {0,3}> ?(.*)$/;
/** Quotes within quotes beyond this are text. */
const DEEPEST = 4;

/** The blocks of a text. */
export function blocksOf(text: string, depth = 0): Block[] {
  const lines = text.split("\n");
  const blocks: Block[] = [];
  let paragraph: string[] = [];
  const flush = () => {
    if (paragraph.length > 0) blocks.push({ kind: "paragraph", of: inlineOf(paragraph.join("\n")) });
    paragraph = [];
  };
  const while_ = (from: number, fits: (line: string) => boolean) => {
    let to = from;
    while (to < lines.length && fits(lines[to] ?? "")) to += 1;
    return to;
  };
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] ?? "";
    const fence = FENCE.exec(line)?.[1];
    const heading = HEADING.exec(line)?.[1];
    if (fence !== undefined) {
      flush();
      const end = while_(
        at + 1,
        (each) => !each.trim().startsWith(fence) || each.trim().replaceAll(fence[0] ?? "", "") !== "",
      );
      blocks.push({ kind: "code", text: lines.slice(at + 1, end).join("\n") });
      at = end + 1;
    } else if (heading !== undefined) {
      flush();
      blocks.push({ kind: "heading", of: inlineOf(heading) });
      at += 1;
    } else if (RULE.test(line)) {
      flush();
      blocks.push({ kind: "rule" });
      at += 1;
    } else if (QUOTE.test(line) && depth < DEEPEST) {
      flush();
      const end = while_(at, (each) => QUOTE.test(each));
      const inner = lines.slice(at, end).map((each) => QUOTE.exec(each)?.[1] ?? "");
      blocks.push({ kind: "quote", of: blocksOf(inner.join("\n"), depth + 1) });
      at = end;
    } else if (ITEM.test(line) && paragraph.length === 0) {
      const items: string[] = [];
      const end = while_(at, (each) => ITEM.test(each) || (/^\s+\S/.test(each) && !FENCE.test(each)));
      for (const each of lines.slice(at, end)) {
        const item = ITEM.exec(each)?.[2];
        if (item === undefined) items.push(`${items.pop() ?? ""}\n${each.trim()}`);
        else items.push(item);
      }
      blocks.push({
        kind: "list",
        ordered: ITEM.exec(line)?.[1] !== undefined,
        items: items.map((each) => inlineOf(each)),
      });
      at = end;
    } else {
      if (line.trim() === "") flush();
      else paragraph.push(line);
      at += 1;
    }
  }
  flush();
  return blocks;
}

/** What stands in a line: each part is found at its first mark, so that the time grows with the length alone. */
const PART =
  /`([^`\n]+)`|\*\*([^*\n]+)\*\*|__([^_\n]+)__|\*([^*\s][^*\n]*)\*|!?\[([^\]\n]{0,200})\]\(([^()\s]{1,500})\)/g;

/** The pieces of a line. */
export function inlineOf(text: string): Inline[] {
  const pieces: Inline[] = [];
  let from = 0;
  const plain = (to: number) => {
    if (to > from) pieces.push({ kind: "text", text: text.slice(from, to) });
  };
  for (const match of text.matchAll(PART)) {
    const [whole, code, strong, strong2, em, label, url] = match;
    plain(match.index);
    from = match.index + whole.length;
    if (code !== undefined) pieces.push({ kind: "code", text: code });
    else if (strong !== undefined || strong2 !== undefined)
      pieces.push({ kind: "strong", of: inlineOf(strong ?? strong2 ?? "") });
    else if (em !== undefined) pieces.push({ kind: "em", of: inlineOf(em) });
    else pieces.push({ kind: "link", text: label ?? "", url: url ?? "" });
  }
  plain(text.length);
  return pieces;
}
