/** Finds a key that stands twice in one object of a JSON text: parsers differ on which of them counts. */

/** The first such key of a text that is known to be JSON. */
export function duplicateKey(json: string): string | undefined {
  /** Keys of each object around this place; undefined for an array. */
  const around: (Set<string> | undefined)[] = [];
  for (let at = 0; at < json.length; at++) {
    const char = json[at];
    if (char === "{") around.push(new Set());
    else if (char === "[") around.push(undefined);
    else if (char === "}" || char === "]") around.pop();
    else if (char === '"') {
      const end = endOfString(json, at);
      const keys = around.at(-1);
      if (keys && isKey(json, end)) {
        const written = json.slice(at, end + 1);
        const key = written.includes("\\") ? String(JSON.parse(written)) : written.slice(1, -1);
        if (keys.has(key)) return key;
        keys.add(key);
      }
      at = end;
    }
  }
  return undefined;
}

function endOfString(json: string, begin: number): number {
  for (let at = begin + 1; at < json.length; at++) {
    if (json[at] === "\\") at++;
    else if (json[at] === '"') return at;
  }
  return json.length;
}

function isKey(json: string, endOfString: number): boolean {
  let at = endOfString + 1;
  while (/\s/.test(json[at] ?? "")) at++;
  return json[at] === ":";
}
