import { setFlagsFromString } from "node:v8";
import { createProgram } from "./cli.ts";
import { run } from "./run.ts";

// V8 makes the objects of a literal old from the start where it finds that they live long. Those of calls in flight seem to, when the process is young and
// its collections are frequent, and from then on each call outlives itself. Without that, a call costs a gateway about a sixth less.
setFlagsFromString("--no-allocation-site-pretenuring");

await createProgram(run).parseAsync();
