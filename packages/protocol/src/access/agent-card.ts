/** Agent cards: what an agent shows of itself to programs outside the mesh that speak A2A. Without one it is not there for them. */
import * as z from "zod";
import { Party } from "../agent-party.ts";
import { object, strictObject } from "../shapes/lazy-object.ts";
import { Timestamp } from "../time.ts";

/** How many skills a card may name. */
export const MAX_CARD_SKILLS = 32;

const text = (max: number) => z.string().trim().min(1).max(max);

/** One thing that an agent says it can do. */
export const CardSkill = strictObject(() => ({
  name: text(64),
  description: text(500),
}));
export type CardSkill = z.infer<typeof CardSkill>;

/** Shows an agent to programs that speak A2A, in place of what it showed before. */
export const SetAgentCardRequest = strictObject(() => ({
  description: text(500).meta({ description: "what it is for, in a sentence; whoever reaches the broker may read it" }),
  skills: z.array(CardSkill).max(MAX_CARD_SKILLS).default([]),
}));
export type SetAgentCardRequest = z.infer<typeof SetAgentCardRequest>;

/** The card of an agent, and where programs find it. */
export const AgentCard = object(() => ({
  agent: Party,
  description: z.string(),
  skills: z.array(CardSkill),
  setAt: Timestamp,
  path: z.string().meta({ description: "of its A2A interface, behind the broker's address" }),
}));
export type AgentCard = z.infer<typeof AgentCard>;
