/** Flow: the last hour as a picture, and the same as a list. */
import { signal, useComputed } from "@preact/signals";
import { goTo } from "../frame/address.ts";
import { rowOf } from "../frame/keys.ts";
import { Head, Name, Nothing } from "../frame/parts.tsx";
import { Rows } from "../frame/rows.tsx";
import { beat, clock } from "../frame/time.ts";
import { agentNamed, askCount, asks, earlier, events, heardSince, isLogKnown, needs } from "../state/mesh.ts";
import { type Edge, edgesOf, type Node, nodesOf, type Passed, thickness } from "./flow.ts";

const HOUR_MS = 3_600_000;
/** With more nodes than this a name is shown where its node is pointed at. */
const NAMED = 60;
/** What types of events of deliveries begin with. */
const PREFIX = "delivery.";
/** The agent that is pointed at: the rest steps back. */
const near = signal<string | undefined>(undefined);

/** The view. */
export function FlowView() {
  const edges = useComputed(() => edgesOf(passed(), asks.peek(), needs.peek(), beat.value - HOUR_MS));
  const nodes = useComputed(() => nodesOf(edges.value));
  // Behind what is cut off it is another one with each event: said anew with the picture.
  const first = heardSince.peek();
  const isWhole = first !== undefined && Date.parse(first) <= beat.value - HOUR_MS;
  const since = first === undefined || isWhole ? "" : `, as far as the page heard: since ${clock(first, beat.value)}`;
  return (
    <>
      <Head title="Flow" note={`the last hour${since}: ${nodes.value.length} agents, ${edges.value.length} ways`} />
      {edges.value.length === 0 ? (
        <Nothing>{isLogKnown.value ? "No message went through in the last hour." : "Looking…"}</Nothing>
      ) : (
        <div class="flow">
          <Picture nodes={nodes.value} edges={edges.value} />
          <div class="flow-list">
            <p class="legend">
              <span>
                <i class="key-line" /> messages
              </span>{" "}
              <span>
                <i class="key-line stuck" /> stuck
              </span>{" "}
              <span>
                <i class="key-line awaited" /> waits for an answer
              </span>{" "}
              <span>
                <i class="key-line refused" /> refused: each would wait for the other
              </span>
            </p>
            <Rows
              of={edges.value}
              height={28}
              label="Who wrote to whom"
              keyOf={({ from, to }) => `${from} ${to}`}
              row={(edge) => <EdgeLine edge={edge} />}
            />
          </div>
        </div>
      )}
    </>
  );
}

/** Without copies: there are thousands of them, at each picture anew. */
function* passed(): Generator<Passed> {
  for (const { deliveryId, event, at, from, to } of earlier.value) {
    yield { deliveryId, event, at, from: from.name, to: to.name };
  }
  for (const event of events.peek()) {
    if (!("deliveryId" in event)) continue;
    const { deliveryId, type, at, from, to } = event;
    yield { deliveryId, event: type.slice(PREFIX.length), at, from: from.name, to: to.name };
  }
}

function EdgeLine({ edge: { from, to, messages, stuck, awaited, refused } }: { edge: Edge }) {
  return (
    <div
      class={stuck + refused > 0 ? "edge-line stuck" : "edge-line"}
      {...pointing(from)}
      {...rowOf(() => goTo({ view: "conversations", of: `with/${to}` }))}
    >
      <span>
        <Name name={from} /> → <Name name={to} />
      </span>
      <span class="figure">
        {refused > 0 && <b>{refused} refused </b>}
        {stuck > 0 && <b>{stuck} stuck </b>}
        {awaited > 0 && <span>awaits {askCount(awaited)} </span>}
        {messages}
      </span>
    </div>
  );
}

function pointing(name: string) {
  return {
    onMouseEnter: () => {
      near.value = name;
    },
  };
}

function Picture({ nodes, edges }: { nodes: readonly Node[]; edges: readonly Edge[] }) {
  const at = new Map(nodes.map((node) => [node.name, node]));
  const { value: chosen } = near;
  const concerns = ({ from, to }: Edge) => chosen === undefined || from === chosen || to === chosen;
  return (
    <svg
      class="picture"
      viewBox="-90 -30 1180 1060"
      role="img"
      aria-label={`${nodes.length} agents and what went between them; the list says the same`}
      onMouseLeave={() => {
        near.value = undefined;
      }}
    >
      {edges.map((edge) => {
        const [a, b] = [at.get(edge.from), at.get(edge.to)];
        if (!a || !b) return null;
        const kind = edge.refused > 0 ? "refused" : edge.stuck > 0 ? "stuck" : edge.awaited > 0 ? "awaited" : "";
        return (
          <path
            key={`${edge.from} ${edge.to}`}
            class={`edge ${kind} ${concerns(edge) ? "" : "far"}`}
            d={curve(a, b)}
            stroke-width={thickness(edge.messages)}
          >
            <title>
              {edge.from} → {edge.to}: {edge.messages}
              {edge.refused > 0 && `, ${edge.refused} questions refused: each would wait for the other`}
            </title>
          </path>
        );
      })}
      {nodes.map(({ name, x, y, messages }) => {
        const left = x < 500;
        const named = nodes.length <= NAMED || name === chosen;
        const turn = (Math.atan2(y - 500, x - 500) * 180) / Math.PI;
        return (
          // biome-ignore lint/a11y/noStaticElementInteractions: the list beside it is reached by the keyboard
          <g
            key={name}
            class={`node ${agentNamed(name)?.presence ?? "gone"} ${nodes.length <= 30 ? "few" : ""}`}
            onMouseEnter={() => {
              near.value = name;
            }}
            onClick={() => goTo({ view: "agents", of: name })}
          >
            <circle cx={x} cy={y} r={Math.min(13, 4 + Math.sqrt(messages))}>
              <title>{name}</title>
            </circle>
            {named && (
              <text
                x={left ? -18 : 18}
                transform={`translate(${x} ${y}) rotate(${left ? turn + 180 : turn})`}
                text-anchor={left ? "end" : "start"}
                dominant-baseline="middle"
              >
                {name.length > 20 ? `${name.slice(0, 19)}…` : name}
              </text>
            )}
          </g>
        );
      })}
    </svg>
  );
}

/** A curve that bends to its right, so that the way back is another one. */
function curve(a: Node, b: Node): string {
  const [mx, my] = [(a.x + b.x) / 2, (a.y + b.y) / 2];
  const [cx, cy] = [mx + (500 - mx) * 0.45 + (b.y - a.y) * 0.12, my + (500 - my) * 0.45 - (b.x - a.x) * 0.12];
  return `M${a.x.toFixed(1)} ${a.y.toFixed(1)}Q${cx.toFixed(1)} ${cy.toFixed(1)} ${b.x.toFixed(1)} ${b.y.toFixed(1)}`;
}
