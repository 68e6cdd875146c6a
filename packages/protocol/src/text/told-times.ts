/** Times in the mesh's own sentences, as a person reads them. */

/** RFC 3339 in UTC, as the broker writes times into its sentences. */
const WIRE_TIME = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

/** What somebody else said stands between these. */
const QUOTATION = /(“[^”]*”?)/;

/** A sentence of the mesh with each of its times as `told` says it; what it quotes stays as it is. */
export function withTimes(sentence: string, told: (at: string) => string): string {
  return sentence
    .split(QUOTATION)
    .map((part) => (part.startsWith("“") ? part : part.replace(WIRE_TIME, (at) => told(at))))
    .join("");
}
