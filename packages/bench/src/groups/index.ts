// All groups, in the order of the report.
import { client } from "./client.ts";
import { codec, json } from "./codecs.ts";
import { gateway } from "./gateway.ts";
import type { Group } from "./group.ts";
import { http2 } from "./http2.ts";
import { interceptors } from "./interceptors.ts";
import { memory } from "./memory.ts";
import { propagation } from "./propagation.ts";
import { server } from "./server.ts";
import { shop } from "./shop.ts";
import { sizes } from "./sizes.ts";
import { start } from "./start.ts";
import { telemetry } from "./telemetry.ts";

export const groups: readonly Group[] = [
  codec,
  json,
  server,
  client,
  interceptors,
  propagation,
  telemetry,
  gateway,
  memory,
  start,
  shop,
  http2,
  sizes,
];
