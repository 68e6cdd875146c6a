/** The configuration of each client: whether it can be read, and starts this adapter in this mesh. */
import { existsSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { plainLine, VERSION } from "@agentmesh/protocol";
import * as z from "zod";
import { shortPath } from "../describe.ts";
import { jsonInFile } from "../json-in.ts";
import type { Started } from "../setup/config/config-file.ts";
import { carryOut, changes, type FilePlan } from "../setup/plan.ts";
import { partWords } from "../setup/report.ts";
import { isConfigured, type Planned, type Survey } from "../setup/survey.ts";
import { type Check, type Finding, ok, skipped } from "./check.ts";
import { judged } from "./node.ts";
import { command, type Site } from "./site.ts";

/** Whether every client that was set up still starts us. */
export const clientConfigurations: Check = {
  name: "clients",
  looksAt:
    "the configuration of every client that setup knows and finds: parseable, which program it names and of which version, which mesh, what shuts it out",
  async look(site) {
    const survey = await site.clients();
    if (survey.planned.length === 0)
      return [skipped("clients", "none is found on this machine", command(site, "setup"))];
    return survey.planned.flatMap((one) => ofClient(one, survey, site));
  },
};

function ofClient(one: Planned, survey: Survey, site: Site): Finding[] {
  const { client, plan } = one;
  const about = client.title;
  const again = command(site, "setup", "--client", client.name);
  if (plan.aside !== undefined) return [ok(about, plan.aside)];
  const refused = plan.files.filter(({ refused, file }) => refused !== undefined && existsSync(file.path));
  if (refused.length > 0) {
    return refused.map(({ file, refused: why }) => ({
      verdict: "fault",
      about,
      says: `${shortPath(file.path)}: ${plainLine(why ?? "", 600)}`,
      remedy: again,
    }));
  }
  if (!isConfigured(one)) {
    const foreign = plan.files.flatMap(({ edition }) => edition.parts.filter(({ standing }) => standing === "foreign"));
    if (foreign.length === 0) return [skipped(about, "is not set up", again)];
    const found = plainLine(foreign.map((part) => part.found ?? "").join(", "), 300);
    const says = `another server is called agentmesh in it: ${found}`;
    return [{ verdict: "warning", about, says, remedy: `${again} --replace` }];
  }
  const found = [...plan.files.flatMap((file) => ofFile(file, about, again, survey, site)), ...shutOut(one, survey)];
  return found.length > 0
    ? found
    : [ok(about, `starts this adapter, ${shortPath(survey.to.args.at(-1) ?? survey.to.command)}`)];
}

/** A file that setup would write otherwise today. */
function ofFile(plan: FilePlan, about: string, again: string, { to }: Survey, site: Site): Finding[] {
  const path = shortPath(plan.file.path);
  const { parts } = plan.edition;
  const byHand = parts.flatMap(({ standing, found }) => (standing === "by hand" && found !== undefined ? [found] : []));
  if (!changes(plan)) return byHand.flatMap((words) => handWritten(path, words, about, again, site));
  const fix = { did: `wrote ${path} again, as ${again} does`, act: () => void carryOut(plan, REFRESH) };
  const server = parts.find(({ starts }) => starts !== undefined);
  if (server?.found !== undefined) {
    const says = `${path} starts ${shortPath(plainLine(server.found, 300))}, which is no more`;
    return [{ verdict: "fault", about, says, remedy: again, fix }];
  }
  const differs = server?.starts === undefined ? undefined : difference(server.starts, to);
  if (differs !== undefined) {
    const says = `${path} ${differs.says}`;
    return [{ verdict: "warning", about, says, remedy: again, ...(differs.isOld && { fix }) }];
  }
  if (server?.starts !== undefined && !sameWords(server.starts, to)) return node(server.starts, about, site);
  const missing = partWords(parts.filter(({ standing }) => standing !== "same" && standing !== "missing"));
  return [{ verdict: "warning", about, says: `${path} is not as setup writes it: ${missing}`, remedy: again, fix }];
}

const REFRESH = { verb: "setup", replace: false, shared: false } as const;

/** What makes an entry another than the one of today, beyond which of several equal installations it starts. */
function difference(starts: Started, to: Survey["to"]): { readonly says: string; readonly isOld: boolean } | undefined {
  const wanted = to.env;
  const other = ["AGENTMESH_HOME", "AGENTMESH_URL", "AGENTMESH_PORT"].find((name) => starts.env[name] !== wanted[name]);
  if (other !== undefined) {
    const [has, here] = [starts.env[other], wanted[other]].map((value) =>
      value === undefined ? "none" : shortPath(plainLine(value, 300)),
    );
    // Which of two meshes is meant only a person knows.
    return { says: `may lead to another mesh: its ${other} is ${has}, here it is ${here}`, isOld: false };
  }
  if (sameWords(starts, to)) return undefined;
  const version = versionOf(starts.words);
  if (version === VERSION) return undefined;
  const words = shortPath(plainLine(starts.words.join(" "), 300));
  return version === undefined
    ? { says: `starts ${words}, whose version is not known`, isOld: false }
    : { says: `starts agentmesh-mcp ${version}, not ${VERSION}: ${words}`, isOld: true };
}

function sameWords({ words }: Started, to: Survey["to"]): boolean {
  return words.join("\0") === [to.command, ...to.args].join("\0");
}

/** Another installation of the same version, perhaps under another Node. */
function node({ words }: Started, about: string, { env }: Site): Finding[] {
  const [program = ""] = words;
  const said = ok(about, `starts another installation of ${VERSION}, ${shortPath(plainLine(words.join(" "), 300))}`);
  if (!isAbsolute(program) || !/[\\/]node(?:\.exe)?$/.test(program)) return [said];
  const of = judged(about, program, env);
  return of.verdict === "ok" ? [said] : [of];
}

/** What a person wrote is left as it is, and looked at all the same. */
function handWritten(path: string, words: string, about: string, again: string, site: Site): Finding[] {
  const parts = words.split(/\s+/);
  const gone = parts.find((word) => isAbsolute(word) && !existsSync(word));
  if (gone !== undefined) {
    const says = `${path}, which you wrote by hand, names ${shortPath(plainLine(gone, 300))}, which is no more`;
    return [{ verdict: "fault", about, says, remedy: `mend it, or take it out, then ${again}` }];
  }
  const version = versionOf(parts);
  if (version === undefined || version === VERSION) return [];
  const says = `${path}, which you wrote by hand, starts agentmesh-mcp ${version}, not ${VERSION}`;
  return [{ verdict: "warning", about, says, remedy: `${command(site, "setup", "--client")} NAME --replace` }];
}

function shutOut({ client }: Planned, { at, to }: Survey): Finding[] {
  return (client.shutOut?.(at, to) ?? []).map(({ file, key, says }) => ({
    verdict: "fault",
    about: client.title,
    says: `${shortPath(file)} shuts it out, ${plainLine(key, 200)}: ${says}`,
    remedy: `take ${plainLine(key, 200)} out of that file`,
  }));
}

const Manifest = z.object({ name: z.literal("agentmesh-mcp"), version: z.string() });

/** The version of the adapter that words start: as npx is told, or as stands beside the program. */
function versionOf(words: readonly string[]): string | undefined {
  const named = words.flatMap((word) => /^agentmesh-mcp@(\d[\w.+-]*)$/.exec(word)?.[1] ?? []);
  const file = words.find((word) => isAbsolute(word) && /\.[jt]s$/.test(word));
  return named[0] ?? (file === undefined ? undefined : manifestAbove(file));
}

function manifestAbove(file: string): string | undefined {
  for (let folder = dirname(file); dirname(folder) !== folder; folder = dirname(folder)) {
    const { data } = Manifest.safeParse(jsonInFile(join(folder, "package.json")));
    if (data) return plainLine(data.version, 40);
  }
  return undefined;
}
