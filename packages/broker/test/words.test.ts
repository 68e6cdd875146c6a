/** Search words and names: what is made of what people type, the line that shows where it stands, and which names are near. */
import { expect, test } from "vitest";
import { nearNames } from "../src/mesh/names/near-names.ts";
import { searchTerms, snippetsOf } from "../src/mesh/names/words.ts";

const typed = (text: string) => searchTerms(text).map(({ text: term, begins }) => (begins ? [term] : term));

test("words, phrases and beginnings are told apart; what holds no letter or digit is no word", () => {
  expect(typed('side "the pots" par* ( AND')).toEqual(["side", "the pots", ["par"], "AND"]);
  expect(typed('"open phrase')).toEqual(["open phrase"]);
  expect(typed('"pots in"* a"b c"d')).toEqual([["pots in"], "a", "b c", "d"]);
  expect(typed('*** () "" "-" \0\n')).toEqual([]);
});

test("a snippet is one plain line around what was found, cut between words", () => {
  const long = `${"before ".repeat(40)}\u001b[31mthe Café\nparser is red ${"after ".repeat(60)}`;
  const snippet = snippetsOf(searchTerms('"cafe parser"'))(long);
  expect(snippet).toMatch(/^…before .*before \[31mthe Café parser is red after .*…$/);
  expect(snippet.length).toBeLessThan(170);
  expect(snippetsOf(searchTerms("of"))("all of it")).toBe("all of it");
  expect(snippetsOf(searchTerms("elsewhere"))("nothing of that")).toBe("nothing of that");
  expect(snippetsOf(searchTerms("parser"))("no cut in a word: superparser, parsers, parser!")).toContain("parser!");
  expect(snippetsOf(searchTerms("far"))(`${"x".repeat(500)} far`)).toMatch(/^….*far$/);
});

test("near names are near for their length: of short ones most letters stand", () => {
  expect(nearNames("zz", ["a1", "a2", "b"])).toEqual([]);
  expect(nearNames("a", ["b", "a1"])).toEqual([]);
  expect(nearNames("a3", ["a1", "bob"])).toEqual(["a1"]);
  expect(nearNames("Reviewr", ["reviewer", "writer", "review"])).toEqual(["reviewer", "review"]);
  expect(nearNames("eng", ["engine", "bob"])).toEqual(["engine"]);
});
