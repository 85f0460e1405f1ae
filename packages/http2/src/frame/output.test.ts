import { Socket } from "node:net";
import { expect, test } from "vitest";
import { Output } from "./output.ts";

/** A socket whose peer does not read. */
class StuckSocket extends Socket {
  readonly chunks: Buffer[] = [];
  override _write(): void {}
  override write(chunk: unknown): boolean {
    this.chunks.push(chunk as Buffer);
    return super.write(chunk as Buffer);
  }
}

test("small chunks that a socket keeps do not each hold a whole buffer", () => {
  const socket = new StuckSocket();
  const output = new Output(socket);
  for (let count = 0; count < 500; count++) {
    output.ping(7, count);
    output.flush();
  }
  expect(socket.chunks.length).toBe(500);
  expect(socket.chunks.map((chunk) => chunk.readUInt32BE(13))).toEqual(Array.from({ length: 500 }, (_, count) => count));
  const memory = new Set(socket.chunks.map(({ buffer }) => buffer));
  const bytes = [...memory].reduce((sum, { byteLength }) => sum + byteLength, 0);
  expect(bytes).toBeLessThan(400_000);
});
