export { LiveError, type LiveReason } from "./error.ts";
export type { Entry, Live, PublishOptions, ReadOptions, SubscribeOptions, Subscription } from "./live.ts";
export { type MemoryLiveOptions, memoryLive } from "./memory/index.ts";
