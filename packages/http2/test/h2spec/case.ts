// The format of a case: what a client sends to a server, and which answers are correct.
import { type Frame, flag, type } from "../raw/frames.ts";
import { plain, request } from "../raw/hpack.ts";
import { isPong, type RawPeer } from "../raw/peer.ts";

export interface Case {
  /** The section of RFC 9113, or of RFC 7541 for a case of `hpack.ts`. */
  readonly section: string;
  /** The frames from the client. */
  readonly title: string;
  /** Omits the handshake before the first step. */
  readonly bare?: true;
  readonly steps: readonly Step[];
}

/** Sends, or waits for an answer and throws if it is wrong. */
export type Step = (peer: RawPeer) => Promise<void>;

export const send =
  (...frames: readonly Uint8Array[]): Step =>
  async (peer) =>
    peer.send(...frames);

/** Sends frames that depend on the server's settings. */
export const sendBy =
  (make: (settings: RawPeer["settings"]) => Uint8Array): Step =>
  async (peer) =>
    peer.send(make(peer.settings));

/** Expects GOAWAY with one of the codes and the end of the connection (section 5.4.1). */
export const connectionError =
  (...codes: readonly number[]): Step =>
  async (peer) =>
    wrong(peer, codes, await peer.goaway());

/** Expects RST_STREAM with one of the codes on a connection that continues (section 5.4.2). */
export const streamError =
  (stream: number, ...codes: readonly number[]): Step =>
  async (peer) => {
    const frame = await peer.next(
      ({ kind, stream: its }) => kind === type.goaway || (kind === type.rstStream && its === stream),
      "RST_STREAM",
    );
    wrong(peer, codes, frame?.kind === type.rstStream ? frame.payload.readUInt32BE(0) : undefined);
    if (!(await peer.ping())) throw new Error(`the connection ends: ${peer.transcript()}`);
  };

/** Expects a stream error, or the connection error that section 5.4 allows instead. */
export const eitherError =
  (stream: number, ...codes: readonly number[]): Step =>
  async (peer) => {
    const frame = await peer.next(
      ({ kind, stream: its }) => kind === type.goaway || (kind === type.rstStream && its === stream),
      "RST_STREAM or GOAWAY",
    );
    wrong(peer, codes, frame?.payload.readUInt32BE(frame.kind === type.rstStream ? 0 : 4));
  };

/** Expects the end of the connection, with or without GOAWAY. */
export const closes: Step = async (peer) => {
  await peer.goaway();
};

const arrives =
  (wanted: string, match: (frame: Frame) => boolean): Step =>
  async (peer) => {
    if ((await peer.next(match, wanted)) === undefined)
      throw new Error(`${wanted} did not arrive, got ${peer.transcript() || "no frames"}`);
  };

export const responseHeaders = (stream: number): Step =>
  arrives("the response's HEADERS", ({ kind, stream: its }) => kind === type.headers && its === stream);

export const pong = (payload: string): Step => arrives("the answer to PING", (frame) => isPong(frame, payload));

export const settingsAcked: Step = arrives(
  "the acknowledgement of SETTINGS",
  ({ kind, flags }) => kind === type.settings && flags === flag.ack,
);

export const dataOf = (stream: number, length: number): Step =>
  arrives("DATA", ({ kind, stream: its, payload }) => {
    if (kind !== type.data || its !== stream) return false;
    if (payload.length !== length) throw new Error(`DATA has ${payload.length} bytes instead of ${length}`);
    return true;
  });

/** Waits until the response is complete and the stream is closed. */
export const responseEnd = (stream: number): Step =>
  arrives("END_STREAM", ({ kind, flags, stream: its }) => {
    return its === stream && (kind === type.data || kind === type.headers) && (flags & flag.endStream) !== 0;
  });

/** Expects SETTINGS as the server's first frame. */
export const startsWithSettings: Step = arrives("SETTINGS", ({ kind, flags }) => {
  if (kind !== type.settings || flags !== flag.none) throw new Error("the first frame is not SETTINGS");
  return true;
});

export const refused = (...codes: readonly number[]): Step =>
  arrives("RST_STREAM", ({ kind, payload }) => kind === type.rstStream && codes.includes(payload.readUInt32BE(0)));

function wrong(peer: RawPeer, codes: readonly number[], came: number | undefined): void {
  if (came === undefined || !codes.includes(came))
    throw new Error(`expected error code ${codes.join(" or ")}, got: ${peer.transcript() || "silence"}`);
}

export const get = request({ ":method": "GET" });
export const post = request();

/** Returns `count` unknown header fields of 4,000 bytes each. */
export const ballast = (count: number): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, index) => plain(`x-ballast-${index}`, "x".repeat(4_000))));
