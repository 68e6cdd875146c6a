/** The waterfall of one delivery: its spans on the time that all deliveries of the message share. */
import type { TracedDelivery } from "@agentmesh/protocol";
import { duration, exactly } from "../frame/time.ts";
import { type Moment, type Span, sums } from "./waterfall.ts";

interface Drawn {
  readonly spans: readonly Span[];
  readonly moments: readonly Moment[];
}

/** The picture; what it says is in the steps below it, too. */
export function Waterfall({
  drawn,
  extent,
  of,
}: {
  drawn: Drawn;
  extent: { from: number; to: number };
  of: TracedDelivery;
}) {
  const wide = extent.to - extent.from;
  const x = (at: number) => ((at - extent.from) / wide) * 1_000;
  const { waited, worked, stuck } = sums(drawn.spans);
  return (
    <div class="waterfall">
      <svg
        viewBox="0 0 1000 22"
        preserveAspectRatio="none"
        role="img"
        aria-label={`${of.to.name}: waited ${duration(waited)}, worked ${duration(worked)}`}
      >
        <line x1="0" x2="1000" y1="11" y2="11" class="axis" />
        {drawn.spans.map(({ kind, from, to, open }) => (
          <rect
            key={from}
            class={open ? `span ${kind} open` : `span ${kind}`}
            x={x(from)}
            width={Math.max(3, x(to) - x(from))}
            y={kind === "working" ? 3 : 7}
            height={kind === "working" ? 16 : 8}
          >
            <title>
              {kind} {duration(to - from)}
              {open ? " so far" : ""}
            </title>
          </rect>
        ))}
        {drawn.moments.map(({ at, event }, n) => (
          <line key={`${at} ${n}`} class={`moment ${event}`} x1={x(at)} x2={x(at)} y1="1" y2="21">
            <title>
              {event} {exactly(new Date(at).toISOString())}
            </title>
          </line>
        ))}
      </svg>
      <p>
        <i class="key waiting" /> waited {duration(waited)} <i class="key working" /> worked {duration(worked)}
        {stuck > 0 && (
          <>
            <i class="key stuck" /> stuck {duration(stuck)}
          </>
        )}
      </p>
    </div>
  );
}
