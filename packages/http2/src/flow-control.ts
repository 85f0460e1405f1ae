// Flow control of what is received (RFC 9113, sections 5.2 and 6.9).
//
// A stream's window is credited by its handler. The window of the connection is credited as soon as data arrives, so that a slow stream
// holds up no other one; only while the handlers of a connection, or of the process, hold more than their limit does it stay closed.
// Windows grow with the bandwidth-delay product of the connection, which a PING measures; those of streams that are not credited do not.
// A handler that knows how much it waits for gets a window of that size at once.
import type { Http2Connection } from "./connection.ts";
import { maxInt31 } from "./frame/types.ts";
import type { Http2Stream } from "./stream.ts";

/** A part smaller than this costs memory beside its octets: the view and its place in a list. */
const smallPart = 1024;

/** Octets that handlers hold in the whole process. */
export const processBuffer = { held: 0 };

/** The handler gets `length` octets. Returns false if the stream holds more than its limit. */
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

/** @param awaited how many octets more the handler waits for */
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

/** Opens the window of a stream again, for what was credited and for padding, which nobody holds, up to a size. */
export function creditWindow(stream: Http2Stream, window: number): void {
  const connection = stream.connection;
  // The window has counted the whole DATA frame already; its handler has not got all of it.
  const undelivered = connection.partStream === stream ? connection.partLeft : 0;
  const increment = window - stream.held - undelivered - stream.receiveWindow;
  if (increment <= 0 || increment < window >>> 2) return;
  stream.receiveWindow += increment;
  connection.output.windowUpdate(stream.id, increment);
  connection.schedule();
}

/**
 * The window of a stream that is credited. Streams that grow share a quarter of what the connection may hold, so that many slow handlers do not
 * have to hold many large windows. A handler that waits is not slow: it gets what it waits for at once.
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

/** The stream is over: what its handler still holds is no longer the engine's. */
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

/** Opens the window of the connection again after a chunk of data. */
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

/** Connections whose window stays closed for what the whole process holds. */
export const withheld = new Set<Http2Connection>();

/** Opens the windows that stayed closed for what other connections held, if that is less now. */
function creditWithheld(): void {
  for (const connection of withheld) {
    withheld.delete(connection);
    creditConnection(connection);
    // It is the last one of the set again: what holds it back holds back the next one too, unless its limit differs.
    if (withheld.has(connection)) return;
  }
}

/** Measures the bandwidth-delay product: the octets that arrive between a PING and its acknowledgement. */
export class BandwidthProbe {
  /** Octets since the last probe began. */
  sample = 0;
  probing = false;
  bandwidth = 0;
}

/** Counts the data of a chunk, and begins a probe once a good part of a window has arrived. */
export function sampleBandwidth(connection: Http2Connection, octets: number): void {
  const probe = connection.probe;
  probe.sample += octets;
  if (probe.probing || probe.sample < connection.streamWindow >>> 2) return;
  probe.probing = true;
  probe.sample = octets;
  connection.pings.sendProbe();
}

/** The acknowledgement of a probe. As in grpc-go: the window doubles while the peer fills most of it within a round trip, and gets faster. */
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
  setStreamWindow(connection, Math.min(sample * 2, connection.maxWindow));
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
