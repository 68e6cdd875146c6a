/** Loads that would fill the log, on a disk that has no room for it. */
import { Answers, atOnce, clientOf, type Ground, hands, type Load } from "./load.ts";

const LOAD_MS = 6_000;

/** Makes calls for a while, 16 at a time. */
async function onAndOn(
  now: Ground,
  token: string,
  call: (client: ReturnType<typeof clientOf>, i: number) => Promise<unknown>,
) {
  const answers = new Answers();
  const client = clientOf(now, token);
  const end = performance.now() + LOAD_MS;
  await atOnce(16, 16, async (lane) => {
    for (let n = 0; n < 2_000 && performance.now() < end; n++) await answers.of(call(client, lane * 2_000 + n));
  });
  return answers;
}

const lowDisk: Load = {
  name: "low-disk",
  kind: "log",
  what: "sends under a low disk are refused, 16 at a time, for 6 s",
  envThen: { AGENTMESH_MIN_FREE_DISK_BYTES: String(2 ** 50) },
  bystander: "reads",
  async prepare(ground) {
    const [sender] = await hands(ground, "sender", 2);
    return async (now) => {
      const answers = await onAndOn(now, sender?.token ?? "", (client, i) =>
        client.send({ to: "sender-1", body: `${i}` }),
      );
      const wrong = answers.times("storage_full") > 0 && answers.times("ok") === 0 ? [] : [`answered ${answers}`];
      return { did: `${answers}`, wrong };
    };
  },
};

const refusals: Load = {
  name: "refusals",
  kind: "log",
  what: "calls that are refused, of six kinds, 16 at a time, for 6 s",
  envThen: { AGENTMESH_SENDER_PER_MINUTE: "120" },
  bystander: "reads",
  async prepare(ground) {
    const [sender] = await hands(ground, "sender", 2);
    return async (now) => {
      const answers = await onAndOn(now, sender?.token ?? "", (client, i) => {
        const kinds = [
          () => client.send({ to: "nobody-at-all", body: `${i}` }),
          () => client.getMessage({ message: `msg_${crypto.randomUUID()}` }),
          () => client.shutdown(),
          () => client.setWebhook({ agent: "me", url: "http://10.0.0.1/" }),
          () => client.listMessages({ before: "nonsense" }),
          () => client.send({ to: "sender-1", body: `${i}` }),
        ];
        return kinds[i % kinds.length]?.() ?? Promise.resolve();
      });
      return { did: `${answers}` };
    };
  },
};

/** The log. */
export const log: readonly Load[] = [lowDisk, refusals];
