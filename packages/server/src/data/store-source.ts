// The store of a process.
import type { OpenStoreOptions, Store } from "@grpc-study/store";
import { describeLocation, inMemory, lockFolder, type StoreLocation } from "@grpc-study/store/location";
import type { Logger } from "pino";
import { ProcessResource } from "./process-resource.ts";
import { toRpcError } from "./store-errors.ts";

/** What a handler needs to work with the store. */
export interface StoreSource {
  /**
   * Runs `work` with the store, which may not be open yet.
   *
   * Rejects with an RpcError if the database fails, as `toRpcError` says.
   */
  use<T>(call: { readonly signal: AbortSignal }, work: (store: Store, options: { readonly signal: AbortSignal }) => Promise<T>): Promise<T>;
}

export class ProcessStore extends ProcessResource<Store> implements StoreSource {
  /** @throws FolderError if the folder of the data cannot be used. */
  constructor(location: StoreLocation, log: Logger, { natsUrl }: Pick<OpenStoreOptions, "natsUrl"> = {}) {
    const unlock = typeof location === "object" && "dir" in location ? lockFolder(location.dir) : () => {};
    super({
      what: "the database",
      place: describeLocation(location),
      async open(options) {
        // Loaded now, since it takes a while.
        const { openStore } = await import("@grpc-study/store");
        return openStore(location, { ...options, locked: true, natsUrl });
      },
      onOpen({ migrated, warnings }) {
        for (const warning of warnings) log.warn(warning);
        if (location === inMemory) log.warn("the data is in memory and ends with this process, as --data or GRPC_STUDY_DATA says");
        else log.info({ migrations: migrated }, `the data is in ${describeLocation(location)}`);
      },
      check: (store, options) => store.check(options),
      close: (store) => store.close(),
      onClosed: unlock,
      toRpcError,
      log,
    });
  }
}

/** For services whose methods are listed but not called. */
export const noStore: StoreSource = { use: () => Promise.reject(new Error("there is no store")) };
