/** A list of which only what is seen is made: as quick with a hundred thousand rows as with ten. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren, Key } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { placesOf, windowOf } from "./window.ts";

/** So much is made beside what is seen, in pixels: a quick hand finds it made. */
const BESIDE = 250;

/** What a list needs. Rows have one height, in pixels. */
interface RowsProps<T> {
  readonly of: readonly T[];
  readonly height: number;
  readonly label: string;
  readonly keyOf: (item: T) => Key;
  readonly row: (item: T) => ComponentChildren;
  /** Called when the end comes near: there may be more. */
  readonly onEnd?: (() => void) | undefined;
  /** Keeps the last row in sight while more come, unless the person has scrolled away. */
  readonly tail?: boolean | undefined;
}

/** The list. */
export function Rows<T>({ of, height, label, keyOf, row, onEnd, tail }: RowsProps<T>) {
  const box = useRef<HTMLElement>(null);
  const top = useSignal(0);
  const room = useSignal(600);
  const atEnd = useRef(true);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = new ResizeObserver(() => {
      room.value = element.clientHeight;
    });
    measure.observe(element);
    return () => measure.disconnect();
  }, [room]);
  // Before it is painted, and without asking how high it is: that would have it laid out twice.
  useLayoutEffect(() => {
    if (tail && atEnd.current && box.current) box.current.scrollTop = of.length * height;
  }, [tail, of.length, height, room.value]);
  // At its end the list is drawn where it will be scrolled to: once, not once more for the scrolling.
  const end = Math.max(0, of.length * height - room.value);
  const isAtEnd = tail === true && atEnd.current;
  const { from, to } = windowOf({
    rows: of.length,
    height,
    top: isAtEnd ? end : top.value,
    room: room.value,
    beside: isAtEnd ? 2 : Math.ceil(BESIDE / height),
  });
  const seen = of.slice(from, to);
  const places = useRef<ReadonlyMap<Key, number>>(new Map());
  // The row that has the focus is no other one's: Enter would open what nobody chose.
  places.current = placesOf(places.current, seen.map(keyOf), focusedIn(box.current));
  return (
    <section
      class="rows"
      ref={box}
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
      tabIndex={0}
      onScroll={({ currentTarget }) => {
        const left = currentTarget.scrollHeight - currentTarget.scrollTop - currentTarget.clientHeight;
        atEnd.current = left < height;
        if (!tail || !atEnd.current) top.value = currentTarget.scrollTop;
        if (left < 10 * height) onEnd?.();
      }}
    >
      <ol class="rows-all" style={{ height: `${of.length * height}px` }}>
        {seen.map((item, at) => (
          <li
            class="rows-one"
            aria-setsize={of.length}
            aria-posinset={from + at + 1}
            key={places.current.get(keyOf(item))}
            data-place={places.current.get(keyOf(item))}
            style={{ top: `${(from + at) * height}px`, height: `${height}px` }}
          >
            {row(item)}
          </li>
        ))}
      </ol>
    </section>
  );
}

/** The place of the row that has the focus, or something in it. */
function focusedIn(box: HTMLElement | null): number | undefined {
  const row = document.activeElement?.closest<HTMLElement>(".rows-one");
  return row && box?.contains(row) ? Number(row.dataset.place) : undefined;
}
