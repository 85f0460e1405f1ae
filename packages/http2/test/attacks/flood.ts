// Shared code of the attacks.
import { expect } from "vitest";
import { code } from "../raw/frames.ts";
import type { RawPeer } from "../raw/peer.ts";

/** Client streams have odd identifiers. */
export const stream = (index: number): number => 2 * index + 1;

/** Sends the chunks from `make` until all are sent or the connection closes. */
export async function flood(peer: RawPeer, rounds: number, make: (round: number) => Uint8Array): Promise<void> {
  for (let round = 0; round < rounds && (await peer.pour(make(round))); round++);
}

/**
 * Checks that the attacker is disconnected with the code. The kernel resets a connection that
 * closes while more data arrives, so GOAWAY may be lost.
 */
export async function disconnected(peer: RawPeer, expected: number = code.enhanceYourCalm): Promise<void> {
  const sent = await peer.goaway();
  if (sent !== undefined) expect(sent, peer.transcript().slice(-500)).toBe(expected);
}
