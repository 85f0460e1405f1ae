import { inject } from "vitest";

/** The address of a topic's shared server. */
export function addressOf(topic: string): string {
  const address = inject("addresses")[topic];
  if (address === undefined) throw new Error(`no server for the topic ${topic}`);
  return address;
}
