// What becomes of a call and of its connection.
import { expect } from "vitest";
import { type } from "../raw/frames.ts";
import type { Expectation } from "./case.ts";

/** GOAWAY with the code, the end of the connection, and of the call with it. */
export const connectionError =
  (...codes: readonly number[]): Expectation =>
  async ({ peer, connection, outcome }) => {
    const sent = await peer.goaway();
    expect(codes, peer.told()).toContain(sent);
    const { reset } = await outcome;
    expect(reset?.source).toBe("connection");
    expect(connection.state).toBe("closed");
    expect(connection.closeReason?.code).toBe(sent);
  };

/** RST_STREAM with the code, and a connection that goes on. */
export const streamError =
  (...codes: readonly number[]): Expectation =>
  async ({ peer, connection, outcome }) => {
    const { reset } = await outcome;
    expect(reset?.source, reset?.message).toBe("protocol");
    expect(codes, reset?.message).toContain(reset?.code);
    expect(await peer.ping(), "the connection goes on").toBe(true);
    expect(peer.reset(1), peer.told()).toBe(reset?.code);
    expect(connection.state).toBe("open");
    expect(connection.openStreams).toBe(0);
  };

/** A complete response. `body` is compared by its length. */
export const response =
  (status: number, bytes: number, trailers?: Readonly<Record<string, string>>): Expectation =>
  async ({ peer, connection, outcome }) => {
    const come = await outcome;
    expect(come.reset?.message).toBeUndefined();
    expect(come.status).toBe(status);
    expect(come.bytes).toBe(bytes);
    for (const [name, value] of Object.entries(trailers ?? {})) expect(come.trailers?.get(name)).toBe(value);
    expect(await peer.ping(), "the connection goes on").toBe(true);
    expect(peer.frames.filter(({ kind }) => kind === type.rstStream || kind === type.goaway)).toEqual([]);
    expect(connection.state).toBe("open");
  };

/** The end of the call by the peer's word. */
export const resetByPeer =
  (code: number, unprocessed: boolean): Expectation =>
  async ({ peer, outcome }) => {
    const { reset } = await outcome;
    expect(reset).toMatchObject({ code, unprocessed, source: "peer" });
    expect(await peer.ping(), "the connection goes on").toBe(true);
  };
