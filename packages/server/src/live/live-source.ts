// The live log of a process: entries that one process publishes reach the streams of all others. One
// log serves all topics.
import { type Live, memoryLive } from "@grpc-study/live";
import { Code, RpcError } from "@grpc-study/rpc";
import type { Logger } from "pino";
import { orAborted, ProcessResource } from "../data/process-resource.ts";
import { liveRpcError } from "./live-errors.ts";
import { describeLive, type LiveLocation } from "./location.ts";

/** What a handler needs to work with the log. */
export interface LiveSource {
  /**
   * Runs `work` with the log. Rejects with an RpcError if its server fails, as `liveRpcError` says.
   */
  use<T>(call: { readonly signal: AbortSignal }, work: (live: Live) => Promise<T>): Promise<T>;
  /** Calls the listener with each change of readiness, and at once. */
  onChange(listener: (serving: boolean) => void): void;
}

export class ProcessLive extends ProcessResource<Live> implements LiveSource {
  constructor(location: LiveLocation, log: Logger) {
    super({
      what: "the live log",
      place: describeLive(location),
      open: () => openLive(location),
      onOpen() {
        if (location !== "memory") log.info(`the live log is in ${describeLive(location)}`);
      },
      check: (live, { signal }) => orAborted(live.ready(), signal),
      close: (live) => live.close(),
      toRpcError: liveRpcError,
      log,
    });
  }
}

/** Opens the log that a location names. The drivers load now, since that takes a while. */
export async function openLive(location: LiveLocation): Promise<Live> {
  if (location === "memory") return memoryLive();
  if ("nats" in location) return (await import("@grpc-study/live/nats")).natsLive({ url: location.nats });
  return (await import("@grpc-study/live/postgres")).postgresLive({ url: location.database });
}

/** For processes that have no server to share, and for services whose methods are listed but not called. */
export const noLive: LiveSource = {
  use: () =>
    Promise.reject(
      new RpcError(
        Code.FAILED_PRECONDITION,
        "the processes of this server share nothing: name a server with --nats (NATS_URL) or --database (DATABASE_URL)",
      ),
    ),
  onChange: (listener) => listener(false),
};
