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
  /**
   * Where entries go that soon are of no use: in memory, topics displace each other. `undefined` means
   * the log itself.
   */
  readonly aside?: Live | undefined;
}

export class ProcessLive extends ProcessResource<Live> implements LiveSource {
  readonly aside: Live | undefined;

  constructor(location: LiveLocation, log: Logger) {
    const aside = location === "memory" ? memoryLive() : undefined;
    super({
      what: "the live log",
      place: describeLive(location),
      open: () => openLive(location),
      onOpen() {
        if (location !== "memory") log.info(`the live log is in ${describeLive(location)}`);
      },
      check: (live, { signal }) => orAborted(live.ready(), signal),
      async close(live) {
        await Promise.all([live.close(), aside?.close()]);
      },
      toRpcError: liveRpcError,
      log,
    });
    this.aside = aside;
  }
}

/** Opens the log that a location names. The drivers load now, since that takes a while. */
export async function openLive(location: LiveLocation): Promise<Live> {
  if (location === "memory") return memoryLive();
  if ("nats" in location) return (await import("@grpc-study/live/nats")).natsLive({ url: location.nats });
  return (await import("@grpc-study/live/postgres")).postgresLive({ url: location.database });
}

/**
 * For processes that have no server to share, and for services whose methods are listed but not called.
 * The log of the operator says how to name a server; callers cannot do that.
 */
export const noLive: LiveSource = {
  use: () =>
    Promise.reject(new RpcError(Code.FAILED_PRECONDITION, "the service is not available here: the processes of this server share no log")),
  onChange: (listener) => listener(false),
};
