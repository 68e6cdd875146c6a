/** Entries in odd but valid configuration files: they come in, are not doubled, and go without a trace. */
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { parse as parseToml } from "smol-toml";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import type { ConfigFile } from "../src/setup/config/config-file.ts";
import { hookEntry } from "../src/setup/config/hook-entry.ts";
import { jsonFile } from "../src/setup/config/json-file.ts";
import type { JsonSyntax } from "../src/setup/config/json-scalar.ts";
import { parseJson, valueAt } from "../src/setup/config/json-text.ts";
import { listedEntry } from "../src/setup/config/listed-entry.ts";
import { serverEntry } from "../src/setup/config/server-entry.ts";
import { tomlServerFile } from "../src/setup/config/toml-file.ts";

const server = { command: "npx", args: ["-y", "agentmesh-mcp@0.1.0"], env: { AGENTMESH_SETUP: "1" } };
const hook = { type: "command", command: '"/a b/node" "/x/mcp/dist/main.js" hook claude --by-setup', timeout: 5 };
const NAME = "opencode-agentmesh@0.1.0";

const json = (syntax: JsonSyntax, value = server) =>
  jsonFile({
    path: "settings.json",
    syntax,
    entries: [
      serverEntry(["mcpServers", "agentmesh"], value),
      hookEntry("Stop", [hook, { ...hook, command: `${hook.command} --wait` }]),
      hookEntry("PostToolUse", [hook]),
      listedEntry({
        what: "plugin",
        path: ["plugin"],
        value: NAME,
        noted: [NAME],
        isLike: (name) => name === NAME,
      }),
    ],
  });
const BEGIN = "# >>> agentmesh setup: `agentmesh uninstall` takes this out again";
const END = "# <<< agentmesh setup";
const toml = (value = server) => tomlServerFile("config.toml", value);

function installed(file: ConfigFile, before: string | undefined): string {
  const { text } = file.install(before, { replace: false, before: undefined });
  if (text === undefined) throw new Error("nothing was installed");
  return text;
}

/** In, in again, out. */
function roundTrip(file: ConfigFile, before: string | undefined): string {
  const after = installed(file, before);
  expect(file.holdsOurs(after)).toBe(true);
  expect(installed(file, after)).toBe(after);
  expect(file.uninstall(after, before).text).toBe(before);
  return after;
}

const foreign = { matcher: "Bash", hooks: [{ type: "command", command: "notify-send done" }] };

const jsonTexts: readonly [what: string, text: string | undefined][] = [
  ["no file", undefined],
  ["an empty file", ""],
  ["blanks only", " \r\n"],
  ["an empty object", "{}"],
  ["an empty object over lines", "{\n\n}\n"],
  ["a comment in an empty object", "{ // nothing yet\n}"],
  ["a block comment in an empty object", '{"mcpServers": { /* none */ }, "hooks": {}}\n'],
  ["empty objects and lists of ours", '{\n  "mcpServers": { },\n  "hooks": {"Stop": [ ]},\n  "plugin": [\n  ]\n}\n'],
  ["one line", '{"a":1,"mcpServers":{"x":{"command":"y"}},"hooks":{"Stop":[{"hooks":[]}]}}'],
  ["one line with blanks", '{ "a": 1, "mcpServers": { "x": { "command": "y" } } }\n'],
  ["a byte order mark and Windows line ends", '\uFEFF{\r\n    "a": "ä",\r\n    "mcpServers": {}\r\n}\r\n'],
  ["tabs and no final newline", '{\n\t"a": [1,\n\t\t2],\n\t"hooks": {\n\t\t"Stop": [1]\n\t}\n}'],
  ["trailing commas", '{\n  "a": 1,\n  "mcpServers": {"x": {},},\n  "plugin": ["p",],\n}\n'],
  ["comments at every end", '// top\n{\n  "a": 1 // one\n  // last\n}\n// bottom'],
  ["a comment before the comma", '{\n  "a": 1 /* one */, // uno\n  "b": {"c": 2} /* two */ // due\n}\n'],
  ["a comment behind a trailing comma", '{\n  "plugin": [\n    "p", // mine\n  ], // list\n}\n'],
  ["comments that look like members", '{ "a": "// no", /* "mcpServers": { */ "b": "}" }'],
  ["a line comment before the bracket", '{"a": 1 // x\n}'],
  ["foreign hooks", JSON.stringify({ hooks: { Stop: [foreign], PreToolUse: [foreign] } }, undefined, 4)],
  ["members of one name twice", '{"mcpServers": {"a": {}}, "mcpServers": {"b": {}}}'],
];

describe("JSON", () => {
  test.each(jsonTexts)("%s: entries come in once and leave every byte", (_, text) => {
    const after = roundTrip(json("jsonc"), text);
    const value = valueAt(parseJson(after, "jsonc"), ["mcpServers", "agentmesh"]);
    expect(value).toEqual(server);
    if (text?.includes("\r\n")) expect(after).not.toMatch(/[^\r]\n/);
  });

  test("JSON5, as OpenClaw writes it, keeps its unquoted names and single quotes", () => {
    roundTrip(json("json5"), "// mine\n{\n  gateway: { port: 0x4965, name: 'a\\\nb' },\n  mcpServers: {},\n}\n");
  });

  test("the layout of the file is taken over: its indentation, its one line", () => {
    expect(installed(json("jsonc"), '{\n\t"a": 1\n}\n')).toContain(
      '\n\t"mcpServers": {\n\t\t"agentmesh": {\n\t\t\t"command"',
    );
    expect(installed(json("jsonc"), '{"a":1}')).toContain(
      '{"a":1,"mcpServers":{"agentmesh":{"command":"npx","args":["-y",',
    );
  });

  test("a comment on a line stays with what stands on that line", () => {
    expect(installed(json("jsonc"), '{\n  "a": 1 // one\n  // last\n}')).toMatch(
      /^\{\n {2}"a": 1, \/\/ one\n {2}"mcpServers": [\s\S]*\]\n {2}\/\/ last\n\}$/,
    );
    const entry = JSON.stringify(server);
    const { text } = json("jsonc").uninstall(
      `{"mcpServers": {"a": 1, // one\n"agentmesh": ${entry}, "b": 2}}`,
      undefined,
    );
    expect(text).toBe('{"mcpServers": {"a": 1, // one\n "b": 2}}');
  });

  test("an object that setup made stays when a person has left a comment in it", () => {
    const text = `{"mcpServers": {\n// keep\n"agentmesh": ${JSON.stringify(server)}}}`;
    expect(json("jsonc").uninstall(text, "{}").text).toBe('{"mcpServers": {\n// keep}}'.replace("keep", "keep\n"));
  });

  test("an empty object that a person has made since stays", () => {
    const text = JSON.stringify({ mcpServers: { agentmesh: server }, hooks: {} });
    expect(json("jsonc").uninstall(text, "{}").text).toBe('{"hooks":{}}');
  });

  test("our hooks go out of a group that they share, and a group of ours out of a list that it shares", () => {
    const file = json("jsonc");
    const shared = { hooks: { Stop: [{ hooks: [foreign.hooks[0], hook] }, { hooks: [hook] }, foreign] } };
    const { text } = file.uninstall(JSON.stringify(shared), undefined);
    expect(JSON.parse(text ?? "")).toEqual({ hooks: { Stop: [{ hooks: [foreign.hooks[0]] }, foreign] } });
  });

  test("another version of setup is brought up to date, and what a person added to our entry stays", () => {
    const old = {
      ...server,
      args: ["-y", "agentmesh-mcp@0.0.9"],
      env: { ...server.env, AGENTMESH_URL: "http://old:1" },
    };
    const added = { ...old, env: { ...old.env, AGENTMESH_NAME: "me" }, timeout: 9 };
    const before = `{\n  // servers\n  "mcpServers": {"agentmesh": ${JSON.stringify(added)}, "x": {}}\n}\n`;
    const { text = "", parts } = json("jsonc").install(before, { replace: false, before: undefined });
    expect(parts[0]?.standing).toBe("updated");
    const servers = valueAt(parseJson(text, "jsonc"), ["mcpServers"]);
    const env = { AGENTMESH_SETUP: "1", AGENTMESH_NAME: "me" };
    expect(servers).toEqual({ agentmesh: { ...server, env, timeout: 9 }, x: {} });
  });

  test.each([
    ['{"a": 1,, "b": 2}', "line 1, column 9"],
    ['{\n  "a": 1\n  "b": 2\n}', "line 3, column 3"],
    ["{ broken", "line 1, column 3"],
    ["// nothing else\n", "line 2, column 1"],
    ['{"mcpServers": []}', "mcpServers is not an object (line 1, column 16)"],
    ['{"hooks": {"Stop": {}}}', "hooks.Stop is not a list (line 1, column 20)"],
    ["[]", "the whole is not an object (line 1, column 1)"],
  ])("%s is refused with the place", (text, place) => {
    expect(() => json("jsonc").install(text, { replace: false, before: undefined })).toThrow(place);
  });

  test("any object in any layout is left as it was found", () => {
    fc.assert(
      fc.property(document, fc.boolean(), ({ text, value }, bom) => {
        const before = (bom ? "\uFEFF" : "") + text;
        const after = roundTrip(json("jsonc"), before);
        const found = valueAt(parseJson(after, "jsonc"), []);
        expect(found).toMatchObject(withoutLists(value));
        // What a client that writes the file anew leaves of it goes out as well.
        const rewritten = json("jsonc").uninstall(JSON.stringify(found, undefined, 2), before).text;
        expect(JSON.parse(rewritten ?? "")).toEqual(valueAt(parseJson(before, "jsonc"), []));
      }),
      { numRuns: 150 },
    );
  });
});

test("our entries go out wherever a person has moved them, whatever stands around them", () => {
  fc.assert(
    fc.property(moved, ({ text, value }) => {
      const { text: left = "" } = json("jsonc").uninstall(text, "{}");
      expect(left).not.toMatch(/AGENTMESH_SETUP|main\.js/);
      expect(withoutOurs(valueAt(parseJson(left, "jsonc"), []))).toEqual(withoutOurs(value));
    }),
    { numRuns: 150 },
  );
});

const tomlTexts: readonly [what: string, text: string | undefined][] = [
  ["no file", undefined],
  ["an empty file", ""],
  ["no final newline", 'model = "x"'],
  ["a comment at the end without newline", "model = 'x'\n# end"],
  ["Windows line ends", 'model = "x"\r\n\r\n[tui]\r\ntheme = "dark"\r\n'],
  ["empty lines at the end", "a = 1\n\n\n"],
  ["other servers", '[mcp_servers.x]\ncommand = "y"\n[mcp_servers."a.b"]\ncommand = "z"\n'],
  ["a header within a text", 'note = """\n[mcp_servers.x]\n# <<< agentmesh\n"""\n[mcp_servers]\n'],
  ["our header within a text", 'note = """\n[mcp_servers.agentmesh]\ncommand = "x"\n"""\nb = 1\n'],
  ["our header within a literal text", "note = '''\n[mcp_servers.agentmesh]\n\"\"\"\n'''\n[t]\nc = 2\n"],
  ["our comment lines within a text", `note = """\n${BEGIN}\n${END}\n"""\n`],
  ["our comment line within a list", `l = [\n${BEGIN}\n  1,\n${END}\n]\n[t]\n`],
  ["a text whose last line is our header", 'note = """\n[mcp_servers.agentmesh]"""'],
  [
    "quotes at the end of a text",
    'a = """x\n""""\nb = \'\'\'y\n\'\'\'\'\'\nc = """\\"""\n"""\n[mcp_servers.z]\nd = 1\n',
  ],
  ["brackets and quotes in comments", '[t] # [mcp_servers.agentmesh] """\na = [ # ]\n  \'#\', # [\n]\n'],
  ["quoted keys and blanks in headers", '[ "mcp_servers" . \'x y\' ]\r\n"a b".c = 1 # d\r\n["[q]"]\r\n'],
  ["lists of tables called as ours", "[[agentmesh]]\na = 1\n[[agentmesh]]\n[t.mcp_servers.agentmesh]\nb = 2\n"],
  ["an inline table", "p = { mcp_servers = { agentmesh = { command = 'x' } }, q = [{}, {}] }\n"],
  ["tables of tables, dates and large numbers", "[[a]]\nb = 1979-05-27T07:32:00Z\n[[a]]\nc = 9007199254740993\n"],
];

describe("TOML", () => {
  test.each([
    ["a table with a comment at its header", "[mcp_servers.agentmesh] # mine\nENTRY\n", ""],
    ["a table with blanks and quotes in its header", "[ mcp_servers . 'agentmesh' ]\nENTRY\n", ""],
    ["an escape in its header", '[mcp_servers."agent\\u006desh"]\nENTRY\n', ""],
    [
      "dotted keys",
      "a = 1\nmcp_servers.agentmesh.command = 'npx'\nmcp_servers.agentmesh.env.AGENTMESH_SETUP = '1'\n",
      "a = 1\n",
    ],
    [
      "an inline table",
      "[mcp_servers]\nagentmesh = { command = 'x', env = { AGENTMESH_SETUP = '1' } } # c\n\n[t]\n",
      "[mcp_servers]\n\n[t]\n",
    ],
    [
      "dotted keys in a table",
      "[mcp_servers]\nx.command = 'y'\nagentmesh.args = [\n  '[t]', # ]\n]\nagentmesh.env.AGENTMESH_SETUP = '1'\n",
      "[mcp_servers]\nx.command = 'y'\n",
    ],
    [
      "a table with what only looks like the next header",
      "[mcp_servers.agentmesh]\nargs = ['''\n[t]\n''']\nENTRY\n[t]\n",
      "[t]\n",
    ],
  ])("%s of ours goes out, and nothing else", (_, written, left) => {
    const text = written.replace("ENTRY", 'command = "npx"\nenv = { AGENTMESH_SETUP = "1" }');
    expect(toml().holdsOurs(text)).toBe(true);
    expect(toml().uninstall(text, "").text).toBe(left);
  });

  test("an inline table of all servers is refused by uninstall too, with what to do", () => {
    const text = "mcp_servers = { x = {}, agentmesh = { env = { AGENTMESH_SETUP = '1' } } }\n";
    expect(() => toml().uninstall(text, "")).toThrow("Take it out by hand");
  });

  test.each(tomlTexts)("%s: the table comes in once and leaves every byte", (_, text) => {
    const after = roundTrip(toml(), text);
    if (text?.includes("\r\n")) expect(after).not.toMatch(/[^\r]\n/);
  });

  test("what Codex put between and behind our lines stays, and what it added to our server goes", () => {
    const before = 'model = "x"';
    const after = installed(toml(), before)
      .replace("# <<< agentmesh setup", '[projects."/x"]\ntrust_level = "trusted"\n# <<< agentmesh setup')
      .replace(/# >>>.*\n/, "")
      .concat(
        '\n# about y\n[mcp_servers.y]\ncommand = "y"\n\n[mcp_servers.agentmesh.tools.reply]\napproval_mode = "approve"\n',
      );
    expect(toml().holdsOurs(after)).toBe(true);
    const { text = "" } = toml().uninstall(after, before);
    expect(parseToml(text)).toEqual({
      model: "x",
      projects: { "/x": { trust_level: "trusted" } },
      mcp_servers: { y: { command: "y" } },
    });
    expect(text).toContain("# about y\n[mcp_servers.y]");
    expect(text).not.toContain("agentmesh");
  });

  test("what stands behind our table keeps its comments and its line", () => {
    const after = `${installed(toml(), "a = 1\n")}[b]\nc = 1\n`;
    expect(toml().uninstall(after, "a = 1\n").text).toBe("a = 1\n[b]\nc = 1\n");
    const first = installed(toml(), undefined);
    expect(toml().uninstall(`${first}\n[b]\nc = 1\n`, undefined).text).toBe("[b]\nc = 1\n");
    const withoutComments = first.replaceAll(/^#.*\n/gm, "");
    expect(toml().uninstall(`${withoutComments}\n# about b\n[b]\nc = 1\n`, undefined).text).toBe(
      "# about b\n[b]\nc = 1\n",
    );
  });

  test("another version of setup is brought up to date, and what was added to the table stays", () => {
    const old = installed(toml({ ...server, args: ["-y", "agentmesh-mcp@0.0.9"] }), "a = 1\n");
    const added = old.replace("command =", "tool_timeout_sec = 90\ncommand =");
    const { text = "", parts } = toml().install(added, { replace: false, before: undefined });
    expect(parts[0]?.standing).toBe("updated");
    expect(parseToml(text)).toEqual({ a: 1, mcp_servers: { agentmesh: { ...server, tool_timeout_sec: 90 } } });
    expect(toml().uninstall(text, "a = 1\n").text).toBe("a = 1\n");
  });

  test.each([
    ["a = \n", "line 1, column"],
    ["[x]\n[x]\n", "line 2, column"],
    ['mcp_servers = { x = { command = "y" } }\n', "no table [mcp_servers.agentmesh] can follow"],
  ])("%j is refused with the place", (text, place) => {
    expect(() => toml().install(text, { replace: false, before: undefined })).toThrow(place);
  });

  test("any lines in any order are left as they were found", () => {
    const line = fc.constantFrom(
      "",
      "# c",
      "  # d  ",
      's = "#"',
      "[t]",
      "[[l]]",
      "x.y = [1,\n  2]",
      "m = '''\n[q]\n'''",
      'n = """\n[mcp_servers.agentmesh]\n# <<< agentmesh setup\n"""',
      "o = [\n# <<< agentmesh setup\n]",
      "[mcp_servers.p] # [mcp_servers.agentmesh]",
      '"mcp_servers.agentmesh" = { a = "]" }',
      "\t",
    );
    const texts = fc.tuple(fc.uniqueArray(line), fc.constantFrom("\n", "\r\n"), fc.boolean());
    fc.assert(
      fc.property(texts, ([lines, eol, ended]) => {
        roundTrip(toml(), lines.join("\n").replaceAll("\n", eol) + (ended ? eol : ""));
      }),
      { numRuns: 300 },
    );
  });
});

// Objects with members that setup cares for, in every layout that JSON with comments allows.

interface Laid {
  readonly text: string;
  readonly value: unknown;
}

const gap = fc
  .array(fc.constantFrom(" ", "  ", "\n", "\r\n", "\t", "/* c */", "/* } */", "// d\n", "// ]\r\n"), { maxLength: 3 })
  .map((pieces) => pieces.join(""));
const leaf: fc.Arbitrary<Laid> = fc
  .constantFrom<unknown>(1, -2.5, true, null, "a", "// b", '"{', "ü\u2028")
  .map((value) => ({ text: JSON.stringify(value), value }));

function laidOut(
  open: string,
  close: string,
  items: fc.Arbitrary<readonly Laid[]>,
  value: (items: readonly Laid[]) => unknown,
): fc.Arbitrary<Laid> {
  return items.chain((all) =>
    fc
      .tuple(fc.array(gap, { minLength: 2 * all.length + 2, maxLength: 2 * all.length + 2 }), fc.boolean())
      .map(([gaps, trailing]) => {
        const body = all.map(({ text }, index) => `${gaps[2 * index]}${text}${gaps[2 * index + 1]}`).join(",");
        const end = trailing && all.length > 0 ? `,${gaps.at(-1)}` : gaps.at(-1);
        return { text: `${open}${body}${end}${close}`, value: value(all) };
      }),
  );
}

const list = (item: fc.Arbitrary<Laid>) =>
  laidOut("[", "]", fc.array(item, { maxLength: 3 }), (items) => items.map(({ value }) => value));

function object(members: Readonly<Record<string, fc.Arbitrary<Laid>>>): fc.Arbitrary<Laid> {
  const some = Object.entries(members).map(([name, value]) =>
    fc.option(
      fc.tuple(value, gap, gap).map(([laid, before, after]) => ({
        text: `"${name}"${before}:${after}${laid.text}`,
        value: [name, laid.value],
      })),
      { nil: undefined },
    ),
  );
  const present = fc.tuple(...some).map((all) => all.filter((one) => one !== undefined));
  return laidOut("{", "}", present, (all) => Object.fromEntries(all.map(({ value }) => value as [string, unknown])));
}

const group = object({ matcher: leaf, hooks: list(object({ type: leaf, command: leaf })) });
const document = fc
  .tuple(
    gap,
    object({
      first: leaf,
      mcpServers: object({ x: object({ command: leaf }), y: leaf }),
      hooks: object({ Stop: list(group), PreToolUse: list(group) }),
      plugin: list(leaf),
      last: list(object({ a: leaf })),
    }),
    gap,
  )
  .map(([before, { text, value }, after]) => ({ text: before + text + after, value }));

const ourServer = fc.constant<Laid>({ text: JSON.stringify(server), value: server });
const ourHook = fc.constant<Laid>({ text: JSON.stringify(hook), value: hook });
const mixedGroup = object({ hooks: list(fc.oneof(object({ command: leaf }), ourHook)) });
const moved = object({
  first: leaf,
  mcpServers: object({ x: leaf, agentmesh: ourServer, y: object({ command: leaf }) }),
  hooks: object({ Stop: list(fc.oneof(leaf, mixedGroup)) }),
  last: leaf,
});

const Moved = z.object({
  first: z.unknown().optional(),
  last: z.unknown().optional(),
  mcpServers: z.record(z.string(), z.unknown()).default({}),
  hooks: z.object({ Stop: z.array(z.unknown()).default([]) }).prefault({}),
});
const Group = z.object({ hooks: z.array(z.unknown()) });

/** What there is of the four members, without what setup marks as its own. */
function withoutOurs(value: unknown): z.infer<typeof Moved> {
  const { mcpServers, hooks, ...others } = Moved.parse(value);
  const { agentmesh: _, ...servers } = mcpServers;
  const groups = hooks.Stop.flatMap((one) => {
    const { data } = Group.safeParse(one);
    if (data === undefined) return [one];
    const left = data.hooks.filter((each) => !isDeepStrictEqual(each, hook));
    return left.length === 0 && data.hooks.length > 0 ? [] : [{ hooks: left }];
  });
  return { ...others, mcpServers: servers, hooks: { Stop: groups } };
}

/** Lists that setup appends to are compared through what comes out in the end. */
function withoutLists(value: unknown): Record<string, unknown> {
  const { hooks: _, plugin: __, ...rest } = value as Record<string, unknown>;
  return rest;
}
