/** The text of what GitHub posts: what happened, where, by whom, to what, and where to look. */
import { at, commitLines, entries, excerpt, firstLine, headline, lines, refOf, word } from "./words.ts";

/** What an event is about, by the name of the field; the closest first. */
const SUBJECTS = [
  "pull_request",
  "issue",
  "discussion",
  "release",
  "workflow_run",
  "workflow_job",
  "check_run",
  "check_suite",
  "deployment_status",
  "deployment",
  "alert",
  "milestone",
  "package",
] as const;

/** What somebody wrote about it. */
const REMARKS = ["comment", "review"] as const;

/** The text of an event; undefined for one of which nobody need hear. */
export function githubText(event: string, body: unknown): string | undefined {
  if (event === "ping") return undefined;
  const head = headline("GitHub", {
    what: event,
    action: word(body, "action"),
    where: word(body, "repository.full_name", "organization.login"),
    who: word(body, "sender.login", "pusher.name"),
  });
  return event === "push" ? pushText(head, body) : eventText(head, body);
}

function pushText(head: string, body: unknown): string {
  const commits = entries(body, "commits");
  const how =
    at(body, "deleted") === true
      ? "deleted"
      : `${commits.length} commit${commits.length === 1 ? "" : "s"}${at(body, "forced") === true ? ", forced" : ""}`;
  return lines(`${head}: ${refOf(body)}, ${how}`, commitLines(commits), word(body, "compare"));
}

function eventText(head: string, body: unknown): string {
  const name = SUBJECTS.find((each) => typeof at(body, each) === "object" && at(body, each) !== null);
  const subject = name && at(body, name);
  const remark = REMARKS.map((each) => at(body, each)).find((each) => typeof each === "object" && each !== null);
  const about = subject ?? body;
  const number = word(about, "number", "run_number");
  const title = firstLine(about, "title") ?? word(about, "name", "tag_name", "display_title", "environment");
  const state = [word(about, "status"), word(about, "conclusion"), word(about, "state"), word(remark, "state")];
  const branch = word(about, "head_branch", "head.ref", "ref");
  const said = excerpt(remark, "body") ?? excerpt(about, "body") ?? excerpt(about, "description");
  return lines(
    head,
    [
      number && `#${number}`,
      title,
      branch && `on ${branch}`,
      state.some(Boolean) && `(${state.filter(Boolean).join(", ")})`,
    ]
      .filter(Boolean)
      .join(" "),
    word(remark, "html_url") ?? word(about, "html_url", "target_url", "log_url"),
    said && `\n${said}`,
  );
}
