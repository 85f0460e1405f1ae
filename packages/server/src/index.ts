// The command, for whoever serves something beside the topics.

export { main } from "./command.ts";
export type { Companion, Neighbours, RunningCompanion } from "./companion.ts";
export type { Endpoint } from "./serve.ts";
