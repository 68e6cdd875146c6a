/** An agent card as A2A 1.0 has it: the name, what the owner wrote, the two ways in, and the token that they need. */
import { type AgentCard, VERSION } from "@agentmesh/protocol";
import { TEXT_MODES } from "./text.ts";

/** The version of A2A that is spoken. */
export const A2A_VERSION = "1.0";

const SCHEME = "agentToken";

/** The card; `origin` is where whoever asks has reached the broker. */
export function cardOf({ agent, description, skills, path }: AgentCard, origin: string): object {
  const url = origin + path;
  const said = skills.length > 0 ? skills : [{ name: "message", description }];
  return {
    name: agent.name,
    description,
    version: VERSION,
    supportedInterfaces: ["JSONRPC", "HTTP+JSON"].map((protocolBinding) => ({
      ...{ url, protocolBinding },
      protocolVersion: A2A_VERSION,
    })),
    capabilities: { streaming: true, pushNotifications: true, extendedAgentCard: false },
    securitySchemes: {
      [SCHEME]: {
        httpAuthSecurityScheme: {
          scheme: "Bearer",
          description: "The token of an agent of this mesh, which it sends as.",
        },
      },
    },
    securityRequirements: [{ schemes: { [SCHEME]: { list: [] } } }],
    defaultInputModes: TEXT_MODES,
    defaultOutputModes: [TEXT_MODES[0]],
    skills: said.map(({ name, description }) => ({ id: name, name, description, tags: [name] })),
  };
}
