/** Amounts for people: of bytes, and of things. */

/** `1 broker`, `1,200 messages`. */
export function counted(count: number, of: string): string {
  return `${count.toLocaleString("en")} ${of}${count === 1 ? "" : "s"}`;
}

/** `1.5 KiB`, `32 MiB`. */
export function bytes(count: number): string {
  if (count < 1_024) return `${count} bytes`;
  if (count < 1_048_576) return `${rounded(count / 1_024)} KiB`;
  if (count < 10_737_418_240) return `${rounded(count / 1_048_576)} MiB`;
  return `${rounded(count / 1_073_741_824)} GiB`;
}

function rounded(n: number): string {
  return n < 10 ? n.toFixed(1).replace(/\.0$/, "") : Math.round(n).toLocaleString("en");
}
