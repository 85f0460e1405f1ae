// What the attacks have in common.
import { expect } from "vitest";
import { code } from "../raw/frames.ts";
import type { RawPeer } from "../raw/peer.ts";

/** Client streams have odd identifiers. */
export const stream = (index: number): number => 2 * index + 1;

/** Sends the chunks that `make` makes until the connection is gone or all are sent. */
export async function flood(peer: RawPeer, rounds: number, make: (round: number) => Uint8Array): Promise<void> {
  for (let round = 0; round < rounds && (await peer.pour(make(round))); round++);
}

/**
 * The attacker is disconnected with the code. A connection that closes while more is coming in is
 * reset by the kernel: then GOAWAY may be lost on its way.
 */
export async function disconnected(peer: RawPeer, expected: number = code.enhanceYourCalm): Promise<void> {
  const sent = await peer.goaway();
  if (sent !== undefined) expect(sent, peer.told().slice(-500)).toBe(expected);
}
