import { setTimeout as sleep } from "node:timers/promises";
import { type Live, LiveError } from "../src/index.ts";
import { bytes } from "./entries.ts";

/** Publishes a text again and again, with the text as its id, until the log stores it. */
export async function publishUntilStored(live: Live, topic: string, text: string): Promise<bigint> {
  for (;;) {
    try {
      return await live.publish(topic, bytes(text), { id: text });
    } catch (error) {
      if (!(error instanceof LiveError) || error.reason !== "unavailable") throw error;
      await sleep(50);
    }
  }
}
