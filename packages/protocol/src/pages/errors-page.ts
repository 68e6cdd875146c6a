/** docs/errors.md, made from the error table. */
import { type ErrorCode, errorTable } from "../errors.ts";

/** What to do about each code, for the person or program that got it. */
const REMEDIES: Record<ErrorCode, string> = {
  invalid_request:
    "Read `detail` and `issues`: each names a field and what it must be. Unknown fields are refused, not ignored.",
  unauthenticated:
    "Send `Authorization: Bearer` with an agent's token or the mesh key. After a lost database, register again.",
  token_revoked:
    "Its agent or machine was put out of the mesh for good: `detail` says since when. A machine joins again by a new invite: `agentmesh invite` where the broker runs; an agent takes a new token, as the next session does when its file with the old one, in `agents` or `joined` of the state folder, is removed.",
  forbidden:
    "Use the token the endpoint asks for: an agent's own, or the mesh key (file `key` in the state folder). A machine credential acts for the agents of its machine alone.",
  sender_mismatch: "Leave `from` out: the broker takes the sender from the token.",
  refused_by_policy: "Nothing was stored. Its owner can change that: `agentmesh policy NAME`.",
  forbidden_origin:
    "Call from a program, not from a web page. Requests with an `Origin` are refused, but those of the broker's own page: `agentmesh ui`.",
  forbidden_host:
    "Use a URL with 127.0.0.1, localhost or [::1] and the broker's port, or allow a name with `--allowed-hosts`.",
  agent_not_found: "Look at `nearNames`, or list agents. Nothing was stored.",
  session_not_found: "Open a new session with the same token; name and inbox are unchanged.",
  message_not_found: "Only sender and recipients may see a message; ended ones are kept for the retention time.",
  delivery_not_found: "The number or id is not of your inbox.",
  card_not_found: "Show the agent to A2A programs, if that is wanted: `agentmesh agent card NAME --describe TEXT`.",
  webhook_not_found: "Set one: `agentmesh webhook set`.",
  machine_not_found: "See who joined: `agentmesh machines`. Of several with one host name, name the id.",
  no_page:
    "It was started with `--no-ui` (`noUi`), or its page was not built: `detail` says which. Start it without, or use the command line: `agentmesh --help`.",
  route_not_found: "See `GET /v1/openapi.json`.",
  method_not_allowed: "See `GET /v1/openapi.json`.",
  agent_name_taken: 'Choose another name, or register with `"ifTaken": "number"`.',
  lease_lost:
    "The lease ended or another session has it. Lease again; an ack without a receipt is accepted from the owner.",
  already_leased: "Too late to cancel: a session has leased it. Send a second message that takes the first one back.",
  not_dead: "Only a dead letter is redriven or dismissed; `detail` says what state it is in.",
  not_owed:
    "Only an answer that is still owed is waived: `detail` says whether it came, or how the question ended. Nothing was changed.",
  not_held: "Only a held delivery is admitted or refused; `detail` says what state it is in.",
  body_damaged: "Have the message sent again: its text on the broker's disk is not what was accepted.",
  delivery_settled: "Nothing is left to do: `detail` says how it ended.",
  other_life:
    "Look at the inbox anew and use the numbers it shows: the database was restored from a backup or copied since, and what this one named is not in it. Nothing was done.",
  invite_over:
    "An invite is for one machine and a short time. Ask for a new one: `agentmesh invite` where the broker runs. Nothing was stored.",
  cursor_invalid: "Ask without a cursor: the database was replaced or restored.",
  cursor_gone:
    "Some of what happened behind the cursor is no longer kept. Ask without a cursor, and read anew what you follow: agents, inboxes, the log.",
  body_too_large: "Send less, or put the text into a file and send its path. Nothing was stored.",
  unsupported_media_type: "Send JSON with `content-type: application/json`; a CloudEvent as its formats say.",
  idempotency_mismatch: "Use a new key for a new message.",
  post_not_readable: "Make the hook for who posts there (`agentmesh hook-url --kind`), and have it post JSON.",
  webhook_url_forbidden:
    "`detail` says what about the URL is refused, and which setting allows it. Nothing was stored.",
  unsupported_protocol: "Update the older side.",
  would_deadlock: "Answer what the other side waits for first, or send a message instead of asking.",
  loop_limit: "Stop answering, or let a person write into the thread: that starts the count anew.",
  too_much_at_once: "Wait `retryAfterMs`, and have less under way: `detail` says of what. Nothing was stored.",
  rate_limited: "Wait `retryAfterMs`. The limits are settings: `senderPerMinute`, `pairPerMinute`; 0 turns one off.",
  duplicate_storm:
    "This text was accepted for the recipient as often as a minute allows; this one was not stored. Send something new, or wait a minute. The limit is the setting `repeatsPerMinute`; 0 turns it off.",
  inbox_full: "Wait until the recipient has read some; nothing was dropped and nothing stored.",
  quota_full:
    "Nothing was stored. Room comes when open messages are read and history is past its day; the owner of the mesh sees who keeps what with `agentmesh status`, and may raise `agentKeptBytes`, `agentKeptMessages`, `meshKeptBytes` or `meshKeptMessages`, or set `retentionMs` lower.",
  internal: "Look into the broker's log for the request id in `instance`.",
  shutting_down: "Try again in a moment.",
  store_unavailable: "Another program holds the database file; try again, and close that program.",
  storage_full: "Free disk space. Nothing was stored.",
};

/** The page as Markdown. */
export function errorsPage(): string {
  const rows = Object.entries(errorTable).map(([code, { status, title, retryable }]) => {
    const remedy = REMEDIES[code as ErrorCode];
    return `| <a id="${code}"></a>\`${code}\` | ${status} | ${retryable ? "yes" : "no"} | ${title}. ${remedy} |`;
  });
  return [
    "# Errors",
    "",
    "Generated from `packages/protocol/src/errors.ts`. Every refusal is `application/problem+json` (RFC 9457) with these",
    "`code`s; `detail` says what happened, to which id, and what to do. The client throws them as `MeshApiError`, the",
    "command line turns them into exit codes, MCP tools into `isError` results. *Retry*: the same call may succeed later.",
    "",
    "| code | status | retry | what it means and what to do |",
    "|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}
