/** A command line whose connection to the broker breaks where a test says. */

/** A connection that breaks. */
export interface FaultyConnection {
  /** Words in the path of the requests that are struck. */
  readonly path: string;
  /** Refused before the broker has the request, or lost on the way back. */
  readonly how: "refused" | "unanswered";
  /** How many are struck; left out, all. */
  readonly times?: number;
  /** Only once the events are followed. */
  readonly onceFollowing?: true;
}

/** The environment of a program whose connection breaks so. */
export function faultyConnection(fault: FaultyConnection): Record<string, string> {
  const { path, how, times = Number.MAX_SAFE_INTEGER, onceFollowing = false } = fault;
  const code = `
    const http = process.getBuiltinModule("node:http");
    let armed = ${!onceFollowing};
    let left = ${times};
    http.ClientRequest = class extends http.ClientRequest {
      constructor(options) {
        armed ||= options.path.includes("/v1/events");
        const struck = armed && left > 0 && options.path.includes(${JSON.stringify(path)});
        if (struck) left--;
        super(struck && ${how === "refused"} ? { ...options, port: 1 } : options);
        this.struck = struck;
      }
      emit(event, ...given) {
        if (event !== "response" || !this.struck) return super.emit(event, ...given);
        given[0].destroy();
        return super.emit("error", Object.assign(new Error("socket hang up"), { code: "ECONNRESET" }));
      }
    };
  `;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` };
}
