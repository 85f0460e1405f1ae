// What services use besides their calls.
import { noStore, type StoreSource } from "./data/store-source.ts";
import { type LiveSource, noLive } from "./live/live-source.ts";

export interface Sources {
  readonly store: StoreSource;
  readonly live: LiveSource;
  /** Aborts when the server begins to shut down: endless streams then end, so that clients continue elsewhere. */
  readonly closing: AbortSignal;
}

/** For services that have neither, or whose methods are listed but not called. */
export const noSources: Sources = { store: noStore, live: noLive, closing: new AbortController().signal };
