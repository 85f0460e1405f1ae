// Flow control for received data (RFC 9113, sections 5.2 and 6.9).
//
// The handler credits the window of a stream. The engine credits the window of the connection as
// soon as data arrives, so that a slow stream does not block others. The connection window stays
// closed only while the handlers of the connection, or of the process, hold more than their limit.
// Windows grow with the bandwidth-delay product, which a PING measures. Streams that are not
// credited do not grow. A handler that reports how many octets it awaits gets a window of that size
// at once.
import type { Http2Connection } from "./connection.ts";
import { maxInt31 } from "./frame/types.ts";
import type { Http2Stream } from "./stream.ts";

/** Smaller parts count with an overhead for the view and its place in a list. */
const smallPart = 1024;

/** The octets that handlers hold in the whole process. */
export const processBuffer = { held: 0 };

/**
 * Counts `length` octets that the handler receives. Returns `false` if the stream exceeds its
 * limit.
 */
export function holdData(connection: Http2Connection, stream: Http2Stream, length: number): boolean {
  stream.held += length;
  let cost = length;
  if (length < smallPart) {
    const overhead = connection.limits.partOverhead;
    stream.heldOverhead += overhead;
    cost += overhead;
  }
  connection.held += cost;
  processBuffer.held += cost;
  return stream.held + stream.heldOverhead <= connection.limits.maxStreamBuffer;
}

/** @param awaited the number of further octets that the handler waits for. */
export function creditStream(stream: Http2Stream, bytes: number, awaited: number): void {
  const held = stream.held;
  if (held === 0 && awaited === 0) return;
  const credit = Math.min(bytes, held);
  const overhead = credit === held ? stream.heldOverhead : Math.floor((stream.heldOverhead * credit) / held);
  stream.held = held - credit;
  stream.heldOverhead -= overhead;
  const connection = stream.connection;
  connection.held -= credit + overhead;
  processBuffer.held -= credit + overhead;
  if (!stream.closed && !stream.remoteEnded) creditWindow(stream, windowOf(connection, awaited));
  if (connection.windowWithheld) creditConnection(connection);
  if (withheld.size > 0) creditWithheld();
}

/** Opens the window of a stream again, up to `window`, for credited octets and for padding. */
export function creditWindow(stream: Http2Stream, window: number): void {
  const connection = stream.connection;
  // The window has counted the whole DATA frame, but part of it is not delivered yet.
  const undelivered = connection.partStream === stream ? connection.partLeft : 0;
  const increment = window - stream.held - undelivered - stream.receiveWindow;
  if (increment <= 0 || increment < window >>> 2) return;
  stream.receiveWindow += increment;
  connection.output.windowUpdate(stream.id, increment);
  connection.schedule();
}

/**
 * Returns the window for a stream that is credited. Growing streams share a quarter of the
 * connection's buffer limit, so that many slow handlers do not hold many large windows. A handler
 * that awaits octets is not slow, and gets a window for them at once.
 */
function windowOf(connection: Http2Connection, awaited: number): number {
  const { config, limits, streamWindow, held } = connection;
  let window = config.initialWindowSize;
  if (streamWindow > window) {
    const share = (limits.maxConnectionBuffer / 4 - held) / connection.streams.size;
    window = Math.max(window, Math.min(streamWindow, Math.floor(share)));
  }
  const wanted = Math.min(awaited, connection.maxWindow);
  if (wanted <= window || held > limits.maxConnectionBuffer / 2) return window;
  growConnectionWindow(connection, wanted * 2);
  return wanted;
}

/** Releases the held octets of a closed stream. The handler owns them now. */
export function releaseHeld(stream: Http2Stream): void {
  const cost = stream.held + stream.heldOverhead;
  if (cost === 0) return;
  stream.held = 0;
  stream.heldOverhead = 0;
  stream.connection.held -= cost;
  processBuffer.held -= cost;
  if (stream.connection.windowWithheld) creditConnection(stream.connection);
  if (withheld.size > 0) creditWithheld();
}

/** Opens the window of the connection again after data has arrived. */
export function creditConnection(connection: Http2Connection): void {
  const increment = connection.connectionWindow - connection.receiveWindow;
  if (increment < connection.connectionWindow >>> 2) return;
  const processFull = processBuffer.held > connection.limits.maxProcessBuffer;
  if (processFull || connection.held > connection.limits.maxConnectionBuffer) {
    connection.windowWithheld = true;
    if (processFull) withheld.add(connection);
    return;
  }
  if (connection.windowWithheld) {
    connection.windowWithheld = false;
    withheld.delete(connection);
  }
  connection.receiveWindow += increment;
  connection.output.windowUpdate(0, increment);
  connection.schedule();
}

/** Connections whose window stays closed because of the process limit. */
export const withheld = new Set<Http2Connection>();

/** Opens windows that were closed because of the process limit, if it is no longer exceeded. */
function creditWithheld(): void {
  for (const connection of withheld) {
    withheld.delete(connection);
    creditConnection(connection);
    // It was added again, so the limit is still exceeded. Limits seldom differ, so skip the others.
    if (withheld.has(connection)) return;
  }
}

/**
 * Measures the bandwidth-delay product: the octets that arrive between a PING and its
 * acknowledgement.
 */
export class BandwidthProbe {
  /** The octets since the last probe began. */
  sample = 0;
  probing = false;
  bandwidth = 0;
}

/** Counts the data of a chunk, and starts a probe once a quarter of a window has arrived. */
export function sampleBandwidth(connection: Http2Connection, octets: number): void {
  const probe = connection.probe;
  probe.sample += octets;
  if (probe.probing || probe.sample < connection.streamWindow >>> 2) return;
  probe.probing = true;
  probe.sample = octets;
  connection.pings.sendProbe();
}

/**
 * Ends a probe. As in grpc-go, the window grows while the peer fills most of it within a round trip
 * and the bandwidth increases. It becomes four times the sample: what is measured in a round trip
 * was allowed in the one before, so the window doubles with each, as TCP's does at its start.
 */
export function endProbe(connection: Http2Connection, roundTrip: number): void {
  const probe = connection.probe;
  const sample = probe.sample;
  probe.probing = false;
  probe.sample = 0;
  const bandwidth = sample / Math.max(roundTrip, 0.05);
  const faster = bandwidth > probe.bandwidth;
  if (faster) probe.bandwidth = bandwidth;
  if (!faster || sample < connection.streamWindow * 0.66 || connection.streamWindow >= connection.maxWindow) return;
  if (connection.held > connection.limits.maxConnectionBuffer / 2) return;
  setStreamWindow(connection, Math.min(sample * 4, connection.maxWindow));
}

function setStreamWindow(connection: Http2Connection, size: number): void {
  if (size <= connection.streamWindow) return;
  connection.streamWindow = size;
  growConnectionWindow(connection, size * 2);
}

function growConnectionWindow(connection: Http2Connection, size: number): void {
  if (size <= connection.connectionWindow) return;
  connection.connectionWindow = Math.min(size, maxInt31);
  creditConnection(connection);
}
