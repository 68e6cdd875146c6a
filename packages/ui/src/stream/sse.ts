/** Server-Sent Events, as far as the broker writes them: fields by line, an empty line between events. */

/** One event. */
interface ServerSent {
  readonly event: string;
  readonly id?: string;
  readonly data: string;
}

/** Takes text as it comes, and gives the events that are whole. */
export function sseReader(): (text: string) => ServerSent[] {
  let rest = "";
  return (text) => {
    rest += text;
    const blocks = rest.split("\n\n");
    rest = blocks.pop() ?? "";
    return blocks.map(one).filter((each) => each !== undefined);
  };
}

function one(block: string): ServerSent | undefined {
  const fields = new Map<string, string>();
  for (const line of block.split("\n")) {
    const [, name = "", value = ""] = /^([a-z]+): ?(.*)$/.exec(line) ?? [];
    if (name !== "") fields.set(name, fields.has(name) ? `${fields.get(name)}\n${value}` : value);
  }
  const [event, id, data] = [fields.get("event"), fields.get("id"), fields.get("data")];
  if (event === undefined && data === undefined) return undefined;
  return { event: event ?? "message", data: data ?? "", ...(id !== undefined && { id }) };
}
