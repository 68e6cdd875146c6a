/** Names by what differs: each word is of one of the two alone. */
import { AgentName } from "@agentmesh/protocol";
import { expect, test } from "vitest";
import { tellingNames } from "../src/mesh/names/telling-names.ts";

test.each([
  [
    "places of another depth",
    { directory: "/home/ada/work/app" },
    { directory: "/home/bob/app" },
    ["app-work", "app-ada"],
  ],
  ["places of which one is in the other", { directory: "/srv/mono/app" }, { directory: "/srv/app" }, ["app-mono"]],
  [
    "one repository, and folders of another depth in it",
    { repo: "/repo", directory: "/repo/packages/web/x" },
    { repo: "/repo", directory: "/repo/packages/x" },
    ["app-web"],
  ],
  ["the other way round, where nothing is its own", { directory: "/home/app" }, { directory: "/home/deep/app" }, []],
])("of %s are offered those that only one of them is in", (_, own, holder, names) => {
  expect(tellingNames(AgentName.parse("app"), own, holder)).toEqual(names);
});
