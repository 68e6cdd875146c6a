/** The Postgres engine: conformance on a real server, one for this file, a database for each test. */
import { packagedPostgres } from "testkit";
import { describe } from "vitest";
import { accessConformance } from "./access-conformance.ts";
import { acksConformance } from "./acks-conformance.ts";
import { storeConformance } from "./conformance.ts";
import { eventWebhooksConformance } from "./event-webhooks-conformance.ts";
import { eventsConformance } from "./events-conformance.ts";
import { followedConformance } from "./followed-conformance.ts";
import { historyConformance } from "./history-conformance.ts";
import { usePostgres } from "./postgres-engine.ts";
import { waivesConformance } from "./waives-conformance.ts";

const version = packagedPostgres();
const named = version.whyNot === undefined ? version.name : `${version.name} (left out: ${version.whyNot})`;

describe.skipIf(version.whyNot !== undefined)(named, () => {
  const { engine } = usePostgres(version);
  storeConformance(version.name, engine);
  accessConformance(version.name, engine);
  acksConformance(version.name, engine);
  eventsConformance(version.name, engine);
  eventWebhooksConformance(version.name, engine);
  followedConformance(version.name, engine);
  historyConformance(version.name, engine);
  waivesConformance(version.name, engine);
});
