// A server whose frames the test writes, and a connection of this package to it.
import { onTestFinished } from "vitest";
import { type Frame, flag, headers, type } from "../../http2/test/raw/frames.ts";
import { block, type Fields, response } from "../../http2/test/raw/hpack.ts";
import { type RawPeer, type RawPeerOptions, rawServer } from "../../http2/test/raw/peer.ts";
import type { Connection } from "../src/transport/connection.ts";
import { dialerFor, type TestDialOptions } from "./attempts.ts";

export {
  code,
  continuation,
  data,
  flag,
  goaway,
  headers,
  rstStream,
  setting,
  settings,
  type,
  windowUpdate,
} from "../../http2/test/raw/frames.ts";
export { frame as message } from "./http2-peer.ts";

/** Starts a raw server and connects to it. */
export async function rawConnection(
  options: RawPeerOptions = {},
  dialOptions: TestDialOptions = {},
): Promise<{ readonly peer: RawPeer; readonly connection: Connection; readonly target: string }> {
  const server = await rawServer(options);
  onTestFinished(() => server[Symbol.asyncDispose]());
  const target = `127.0.0.1:${server.port}`;
  const [peer, connection] = await Promise.all([server.accept(), dialerFor(target, dialOptions)()]);
  return { peer, connection, target };
}

/** The HEADERS frame of a gRPC response. */
export const responseHeader = (stream: number, more: Fields = []): Buffer =>
  headers(stream, response({}, [["content-type", "application/grpc"], ...more]), flag.endHeaders);

export const trailers = (stream: number, status = "0", more: Fields = []): Buffer =>
  headers(stream, block([["grpc-status", status], ...more]));

/** Describes the frames on a stream: their kind, and END_STREAM. */
export function framesOf(peer: RawPeer, stream: number): string[] {
  const name = (kind: number) => Object.entries(type).find(([, value]) => value === kind)?.[0] ?? String(kind);
  return peer.frames
    .filter((frame: Frame) => frame.stream === stream && frame.kind !== type.windowUpdate)
    .map(({ kind, flags, payload }) => {
      if (kind === type.rstStream) return `rstStream ${payload.readUInt32BE(0)}`;
      return (flags & flag.endStream) === 0 ? name(kind) : `${name(kind)} END_STREAM`;
    });
}

/** Resolves once the HEADERS of a request have arrived. */
export const requestOn = (peer: RawPeer, stream: number) =>
  peer.next((frame) => frame.kind === type.headers && frame.stream === stream, `a request on stream ${stream}`);
