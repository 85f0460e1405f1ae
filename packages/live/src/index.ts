export { LiveError, type LiveReason } from "./error.ts";
export type { Entry, Live, Positioned, PublishOptions, ReadOptions, SubscribeOptions, Subscription } from "./live.ts";
export type { ReadableLog } from "./log.ts";
export { type MemoryLiveOptions, memoryLive } from "./memory/index.ts";
export { type SubscriptionOptions, type Subscriptions, subscriptionsTo } from "./subscriptions.ts";
export { type FollowOptions, followPages, processWakes, type Wakes } from "./wakes.ts";
