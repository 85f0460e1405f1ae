// `node --import ./fast-seconds.js PROGRAM`: the waits of one second last 50 ms, so that the push
// tutorial takes one second instead of twenty.
import { createRequire, syncBuiltinESMExports } from "node:module";

const timers = createRequire(import.meta.url)("node:timers/promises");
const { setTimeout } = timers;
timers.setTimeout = (/** @type {number} */ delayMs, /** @type {unknown[]} */ ...rest) =>
  setTimeout(delayMs === 1000 ? 50 : delayMs, ...rest);
syncBuiltinESMExports();
