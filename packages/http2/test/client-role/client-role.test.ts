// The mirror of h2spec: a server of raw frames, against the client of the engine.
import { describe, expect, test } from "vitest";
import { connect, HeaderList } from "../../src/index.ts";
import { flag, type } from "../raw/frames.ts";
import { rawServer } from "../raw/peer.ts";
import { Recorder } from "../recorder.ts";
import { connectionCases } from "./connection-cases.ts";
import { frameCases } from "./frame-cases.ts";
import { messageCases } from "./message-cases.ts";
import { streamCases } from "./stream-cases.ts";

const cases = [...connectionCases, ...frameCases, ...streamCases, ...messageCases];

describe.concurrent("a client", () => {
  test.each(cases)("$section: $title", async ({ open, method = "POST", options, uncredited, answer, expect: judge }) => {
    await using server = await rawServer();
    const connection = await connect({ host: "127.0.0.1", port: server.port, ...options });
    const peer = await server.accept();
    const recorder = new Recorder(!uncredited);
    const request = HeaderList.request({ method, scheme: "http", authority: "localhost", path: "/" });
    const stream = connection.request(request, recorder, method === "POST" ? Buffer.from("body") : undefined, !open);
    await peer.next(({ kind, stream: its }) => kind === type.headers && its === 1, "the request");
    if (method === "POST") await peer.next(({ kind, flags }) => kind === type.data && (open || (flags & flag.endStream) !== 0), "the body");
    peer.send(...answer);
    try {
      await judge({ peer, connection, stream, recorder, outcome: recorder.outcome });
    } finally {
      connection.destroy();
    }
    expect(connection.openStreams).toBe(0);
  });
});
