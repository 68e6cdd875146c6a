/** The setting `database`: where Postgres is, never shown with a password. */
import * as z from "zod";
import { shownAddress } from "../store/postgres/database/shown-address.ts";

/** An address as `pg` takes it; what is wrong with one is said without repeating it. */
export const DatabaseSetting = z
  .string()
  .refine((text) => text === "" || /^postgres(ql)?:\/\/[^\s]*\/[^/\s?]+(\?\S*)?$/i.test(text), {
    error: "it takes postgres://USER@HOST/DATABASE",
  });

/** Whether a password stands in it. */
export function hasPassword(address: string): boolean {
  return shownAddress(address) !== address;
}
