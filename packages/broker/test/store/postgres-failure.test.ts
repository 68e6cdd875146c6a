/** What a caller is told of a failure of the database. */
import { expect, test } from "vitest";
import { databaseError } from "../../src/store/postgres/driver/failure.ts";

const failure = (code: string, message: string) => Object.assign(new Error(message), { code });

test.each([
  ["ECONNRESET", "read ECONNRESET"],
  ["ERR_SSL_BAD_RECORD", "bad record"],
  ["57P01", "terminating connection due to administrator command"],
])("of a commit that %s broke nobody knows", (code, message) => {
  expect(databaseError(failure(code, message), "commit")).toMatchObject({
    code: "store_unavailable",
    message: expect.stringContaining("nobody knows"),
  });
});

test("a commit that the database refused is one that was not, and is said as it is", () => {
  const refused = failure("23514", "violates check constraint");
  expect(databaseError(refused, "commit")).toBe(refused);
});

test("before a commit what is no failure of the database stays what it is, and of one that is away nothing was stored", () => {
  const broken = failure("ERR_SSL_BAD_RECORD", "bad record");
  expect(databaseError(broken, "act")).toBe(broken);
  expect(databaseError(failure("ECONNRESET", "read ECONNRESET"), "act")).toMatchObject({
    message: expect.stringContaining("nothing was stored"),
  });
});
