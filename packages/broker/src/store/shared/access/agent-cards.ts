/** Agent cards as an engine returns them, and the records the mesh gets. */
import { CardSkill } from "@agentmesh/protocol";
import * as z from "zod";
import type { AgentCardRecord } from "../../../mesh/store.ts";

/** A card as stored. */
export interface AgentCardRow {
  readonly description: string;
  readonly skills: string;
  readonly set_at: number;
}

const Skills = z.array(CardSkill);

/** The record of a card. */
export function agentCardRecord({ description, skills, set_at }: AgentCardRow): AgentCardRecord {
  return { description, skills: Skills.parse(JSON.parse(skills)), setAt: set_at };
}
