// Expected outcomes of a call and its connection.
import { expect } from "vitest";
import { type } from "../raw/frames.ts";
import type { Expectation } from "./case.ts";

/** Expects GOAWAY with the code, the end of the connection, and the end of the call. */
export const connectionError =
  (...codes: readonly number[]): Expectation =>
  async ({ peer, connection, outcome }) => {
    const sent = await peer.goaway();
    expect(codes, peer.transcript()).toContain(sent);
    const { reset } = await outcome;
    expect(reset?.source).toBe("connection");
    expect(connection.state).toBe("closed");
    expect(connection.closeReason?.code).toBe(sent);
  };

/** Expects RST_STREAM with the code on a connection that continues. */
export const streamError =
  (...codes: readonly number[]): Expectation =>
  async ({ peer, connection, outcome }) => {
    const { reset } = await outcome;
    expect(reset?.source, reset?.message).toBe("protocol");
    expect(codes, reset?.message).toContain(reset?.code);
    expect(await peer.ping(), "the connection continues").toBe(true);
    expect(peer.reset(1), peer.transcript()).toBe(reset?.code);
    expect(connection.state).toBe("open");
    expect(connection.openStreams).toBe(0);
  };

/** Expects a complete response. `body` is its length in bytes. */
export const response =
  (status: number, bytes: number, trailers?: Readonly<Record<string, string>>): Expectation =>
  async ({ peer, connection, outcome }) => {
    const come = await outcome;
    expect(come.reset?.message).toBeUndefined();
    expect(come.status).toBe(status);
    expect(come.bytes).toBe(bytes);
    for (const [name, value] of Object.entries(trailers ?? {})) expect(come.trailers?.get(name)).toBe(value);
    expect(await peer.ping(), "the connection continues").toBe(true);
    expect(peer.frames.filter(({ kind }) => kind === type.rstStream || kind === type.goaway)).toEqual([]);
    expect(connection.state).toBe("open");
  };

/** Expects that the peer ends the call. */
export const resetByPeer =
  (code: number, unprocessed: boolean): Expectation =>
  async ({ peer, outcome }) => {
    const { reset } = await outcome;
    expect(reset).toMatchObject({ code, unprocessed, source: "peer" });
    expect(await peer.ping(), "the connection continues").toBe(true);
  };
