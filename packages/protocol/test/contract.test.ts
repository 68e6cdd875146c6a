/** The published contract: generated pages agree with the tables. */
import { type Endpoint, endpoints, errorsPage, errorTable, openApiDocument, VERSION } from "@agentmesh/protocol";
import { describe, expect, test } from "vitest";
import manifest from "../package.json" with { type: "json" };

describe("the contract", () => {
  test("docs/openapi.json is the endpoint table, generated", async () => {
    await expect(`${JSON.stringify(openApiDocument(), null, 2)}\n`).toMatchFileSnapshot("../../../docs/openapi.json");
  });

  test("docs/errors.md is the error table, generated", async () => {
    await expect(errorsPage()).toMatchFileSnapshot("../../../docs/errors.md");
  });

  test("every endpoint has its own method and path, names its path parameters, and lists codes that exist", () => {
    const rows = Object.values<Endpoint>(endpoints);
    expect(new Set(rows.map(({ method, path }) => `${method} ${path}`)).size).toBe(rows.length);
    for (const { path, params, errors } of rows) {
      expect([...path.matchAll(/:(\w+)/g)].map(([, name]) => name)).toEqual(Object.keys(params?.shape ?? {}));
      for (const code of errors) expect(errorTable).toHaveProperty(code);
    }
  });

  test("the version in the code is the package's", () => {
    expect(VERSION).toBe(manifest.version);
  });
});
