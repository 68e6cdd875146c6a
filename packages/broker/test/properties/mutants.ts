/** Every mutant: engines that break one promise each, for testing the observer. */
import type { Mutant } from "./mutant.ts";
import { careMutants } from "./mutants-care.ts";
import { leaseMutants } from "./mutants-leases.ts";
import { messageMutants } from "./mutants-messages.ts";

export const mutants: readonly Mutant[] = [...messageMutants, ...leaseMutants, ...careMutants];
