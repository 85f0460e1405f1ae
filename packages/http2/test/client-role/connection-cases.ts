// The life cycle of a connection, as a client sees it (RFC 9113, sections 3, 5.4 and 6.8).
import { expect } from "vitest";
import { code, data, flag, goaway, headers } from "../raw/frames.ts";
import { response as fields } from "../raw/hpack.ts";
import type { ClientCase } from "./case.ts";

const begin = headers(1, fields(), flag.endHeaders);

export const connectionCases: readonly ClientCase[] = [
  {
    section: "6.8",
    title: "GOAWAY that includes the call",
    answer: [goaway(1, code.noError, "bye"), begin, data(1, "body", flag.endStream)],
    expect: async ({ connection, outcome, peer }) => {
      expect(await outcome).toMatchObject({ status: 200, bytes: 4, reset: undefined });
      expect(connection.availableStreams).toBe(0);
      // The connection closes after the last stream.
      await peer.closed;
    },
  },
  {
    section: "6.8",
    title: "GOAWAY that excludes the call",
    answer: [goaway(0, code.noError)],
    expect: async ({ outcome }) => expect((await outcome).reset).toMatchObject({ source: "connection", unprocessed: true }),
  },
  {
    section: "6.8",
    title: "two GOAWAY frames, the second of which excludes the call",
    answer: [goaway(2 ** 31 - 1, code.noError), goaway(0, code.noError)],
    expect: async ({ outcome }) => expect((await outcome).reset).toMatchObject({ source: "connection", unprocessed: true }),
  },
  {
    section: "6.8",
    title: "GOAWAY with an error while the call continues",
    answer: [goaway(1, code.enhanceYourCalm, "too_many_pings"), begin, data(1, "body", flag.endStream)],
    expect: async ({ outcome, connection, peer }) => {
      expect(await outcome).toMatchObject({ status: 200, bytes: 4, reset: undefined });
      await peer.closed;
      expect(connection.closeReason?.code).toBe(code.enhanceYourCalm);
    },
  },
  {
    section: "5.4.1",
    title: "the end of the connection without GOAWAY",
    answer: [begin],
    expect: async ({ peer, outcome, connection }) => {
      peer.socket.end();
      expect((await outcome).reset).toMatchObject({ source: "connection", unprocessed: false });
      expect(connection.state).toBe("closed");
    },
  },
  {
    section: "5.4.1",
    title: "a reset of the connection",
    answer: [begin],
    expect: async ({ peer, outcome, connection }) => {
      peer.socket.resetAndDestroy();
      expect((await outcome).reset).toMatchObject({ source: "connection", unprocessed: false });
      expect(connection.closeReason?.code).not.toBe(code.noError);
    },
  },
];
