/** Health: how long messages take, by path, and how the broker does: disk, database, streams, limits. */
import { signal, useComputed } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { Head, Nothing } from "../frame/parts.tsx";
import { beat, bytes, clock, duration } from "../frame/time.ts";
import { earlier, events, heardSince, isLogKnown, status } from "../state/mesh.ts";
import { ENDS, type Histogram, histogramsOf, type Step } from "./times.ts";

const spans = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;
/** What types of events of deliveries begin with. */
const PREFIX = "delivery.";
const span = signal<keyof typeof spans>("hour");

/** The view. */
export function HealthView() {
  const known = useComputed(() => histogramsOf(steps(), beat.value - spans[span.value])).value;
  // Behind what is cut off it is another one with each event: said anew with the figures.
  const first = heardSince.peek();
  return (
    <>
      <Head title="Health" note={first && `as far as the page heard: since ${clock(first, beat.value)}`}>
        {(["minute", "hour", "day"] as const).map((each) => (
          <button
            type="button"
            class="go"
            key={each}
            aria-pressed={each === span.value}
            onClick={() => {
              span.value = each;
            }}
          >
            last {each}
          </button>
        ))}
      </Head>
      <div class="health">
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls where the window is narrow, and by keyboard alone only so */}
        <section tabIndex={0} aria-label="How long messages take">
          <h2>How long messages take</h2>
          {known.length === 0 ? (
            <Nothing>{isLogKnown.value ? `No message came through in the last ${span.value}.` : "Looking…"}</Nothing>
          ) : (
            <table>
              <thead>
                <tr>
                  <th>path</th>
                  <th>from → to</th>
                  <th>n</th>
                  <th>half within</th>
                  <th>99 % within</th>
                  <th>5 ms … 10 min</th>
                </tr>
              </thead>
              <tbody>
                {known.map((each) => (
                  <tr key={`${each.leg} ${each.path}`}>
                    <td>{each.path}</td>
                    <td>{each.leg}</td>
                    <td class="figure">{each.n}</td>
                    <td class="figure">{duration(each.p50)}</td>
                    <td class="figure">{duration(each.p99)}</td>
                    <td>
                      <Bars of={each} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </section>
        <Figures />
      </div>
    </>
  );
}

/** Without copies: there are thousands of them, at each picture anew. */
function* steps(): Generator<Step> {
  yield* earlier.value;
  for (const event of events.peek()) {
    if (!("deliveryId" in event)) continue;
    const { deliveryId, type, at } = event;
    yield { deliveryId, event: type.slice(PREFIX.length), at, path: "path" in event ? event.path : undefined };
  }
}

function Bars({ of: { counts, n, leg } }: { of: Histogram }) {
  const most = Math.max(...counts);
  return (
    <svg class="bars" viewBox={`0 0 ${counts.length * 10} 24`} role="img" aria-label={`${leg}: ${n} counted`}>
      {counts.map((count, at) => {
        const high = count === 0 ? 0 : Math.max(1.5, (count / most) * 22);
        const end = ENDS[at];
        return (
          <rect key={at} x={at * 10} width="9" y={23 - high} height={high}>
            <title>
              {end === undefined ? "longer" : `up to ${duration(end)}`}: {count}
            </title>
          </rect>
        );
      })}
    </svg>
  );
}

function Figures() {
  const { value: of } = status;
  if (!of) return <Nothing>Looking…</Nothing>;
  const { storage, keeping, limits, deliveries, agents } = of;
  const closed = storage.intake === "closed";
  return (
    <section>
      <h2>The broker</h2>
      <dl>
        <Figure name="version">
          {of.version}, since {clock(of.startedAt)}
        </Figure>
        <Figure name="takes">
          {closed ? <span class="stuck">nothing new: {storage.closedWhy}</span> : "everything"}
        </Figure>
        <Figure name="agents">
          {agents.online} online, {agents.stale} stale, {agents.offline} offline, {agents.archived} archived
        </Figure>
        <Figure name="deliveries">
          {Object.entries(deliveries)
            .filter(([, count]) => count > 0)
            .map(([state, count]) => `${count} ${state}`)
            .join(", ") || "none"}
        </Figure>
        <Figure name="streams">{of.streams}</Figure>
        <Figure name="webhooks">
          {of.webhooks.total}, {of.webhooks.resting} at rest, {of.webhooks.disabled} disabled
        </Figure>
        <Figure name="database">
          {bytes(storage.bytes)}
          {storage.driver && `, ${storage.driver.name} with SQLite ${storage.driver.sqlite}`}
        </Figure>
        <Figure name="disk">
          {storage.freeBytes !== undefined &&
            `${bytes(storage.freeBytes)} free, nothing new below ${bytes(storage.minFreeBytes)}`}
        </Figure>
        <Figure name="kept">
          {keeping && `${keeping.messages} messages, ${bytes(keeping.bytes)} of ${bytes(keeping.maxBytes)}`}
        </Figure>
        <Figure name="an inbox">
          {limits.inboxMaxMessages} messages or {bytes(limits.inboxMaxBytes)}
        </Figure>
        <Figure name="a minute">
          {limits.senderPerMinute || "any number"} of one sender, {limits.pairPerMinute || "any number"} to one
          recipient
        </Figure>
        <Figure name="hops">{limits.maxHops}</Figure>
      </dl>
    </section>
  );
}

function Figure({ name, children }: { name: string; children: ComponentChildren }) {
  if (children === undefined || children === false) return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
