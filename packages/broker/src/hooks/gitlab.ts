/** The text of what GitLab posts: what happened, where, by whom, to what, and where to look. */
import { at, commitLines, entries, excerpt, firstLine, headline, lines, refOf, word } from "./words.ts";

/** The text of an event, by what the body says that it is. */
export function gitlabText(event: string | undefined, body: unknown): string {
  const kind = word(body, "object_kind", "event_name", "event_type") ?? event ?? "event";
  const head = headline("GitLab", {
    what: kind,
    action: word(body, "object_attributes.action", "action"),
    where: word(body, "project.path_with_namespace", "project_name", "group.full_path"),
    who: word(body, "user.username", "user_username", "user.name", "user_name"),
  });
  return kind === "push" || kind === "tag_push" ? pushText(head, body) : eventText(head, body);
}

function pushText(head: string, body: unknown): string {
  const count = at(body, "total_commits_count");
  const commits = entries(body, "commits");
  const many = typeof count === "number" ? count : commits.length;
  const isDeleted = /^0{40,}$/.test(word(body, "after") ?? "");
  return lines(
    `${head}: ${refOf(body)}, ${isDeleted ? "deleted" : `${many} commit${many === 1 ? "" : "s"}`}`,
    commitLines(commits),
    word(body, "project.web_url"),
  );
}

function eventText(head: string, body: unknown): string {
  const attributes = at(body, "object_attributes");
  // A note is about something else, a job about itself.
  const about = ["merge_request", "issue", "snippet"].map((each) => at(body, each)).find(isThere) ?? attributes ?? body;
  const number = word(about, "iid");
  const title = firstLine(about, "title") ?? word(about, "name", "build_name", "tag", "environment");
  const state = word(attributes, "detailed_status", "status", "state") ?? word(body, "build_status", "status");
  const branch = word(attributes, "ref", "source_branch") ?? word(body, "ref");
  const said = excerpt(attributes, "note") ?? excerpt(attributes, "description") ?? excerpt(body, "description");
  return lines(
    head,
    [number && `#${number}`, title, branch && `on ${branch}`, state && `(${state})`].filter(Boolean).join(" "),
    word(attributes, "url") ?? word(about, "url", "web_url", "deployable_url") ?? word(body, "project.web_url"),
    said && `\n${said}`,
  );
}

function isThere(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}
