/** docs/troubleshooting/ports.md: what is seen when somebody else has the port. */
import { createServer } from "node:http";
import { cleanEnv, commandScreen, runProgram, tempDir, troublePage, troublePath } from "testkit";
import { expect, test } from "vitest";

test("docs/troubleshooting/ports.md is what the programs say when the port is taken", async () => {
  using home = tempDir();
  const other = createServer((_, response) => response.end("hello"));
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const address = other.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const env = cleanEnv({ AGENTMESH_HOME: home.path });
  const up = await runProgram("cli", ["up", "--port", String(port)], { env });
  other.close();

  const page = troublePage({
    title: "The port",
    about: "One port of the loopback belongs to one program, whoever runs it.",
    standIns: [
      [home.path, "/home/ada/.agentmesh"],
      [port, "7899"],
    ],
    troubles: [
      {
        symptom: "The port that you asked for is taken",
        about: "A port that was asked for is not exchanged for another one unasked.",
        screens: [commandScreen("agentmesh up --port 7899", up)],
      },
    ],
  });
  await expect(page).toMatchFileSnapshot(troublePath("ports"));
});
