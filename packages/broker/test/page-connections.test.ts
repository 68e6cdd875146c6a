/** What a browser at the page may take of the broker: no more than any caller. */
import { Socket } from "node:net";
import { expect, test } from "vitest";
import { Connections } from "../src/http/budgets/connections.ts";
import { httpLimits } from "../src/http/budgets/limits.ts";
import { newId } from "../src/mesh/ids.ts";

test("a sign-in, as by a read-only link, has as many connections as an agent; who has the mesh key is not bound", () => {
  const connections = new Connections();
  const page = {
    ...{ id: newId("sin"), readOnly: true, as: undefined, until: 0, value: "" },
    ...{ over: new AbortController().signal, opened: () => () => {} },
  };
  for (let n = 0; n < httpLimits.connectionsPerAgent; n++) connections.proven(new Socket(), { kind: "key", page });
  expect(() => connections.proven(new Socket(), { kind: "key", page })).toThrow(`The page (${page.id}) has 256`);
  for (let n = 0; n <= httpLimits.connectionsPerAgent; n++) connections.proven(new Socket(), { kind: "key" });
});
