import { setFlagsFromString } from "node:v8";
import { check } from "./check.ts";
import { createProgram } from "./cli.ts";
import { run } from "./run.ts";

// V8 allocates a literal's objects in the old generation once it sees that they live long. The
// objects of calls in flight seem to, while the process is young and collections are frequent; from
// then on, each call's objects outlive the call. Without pretenuring, a call costs about a sixth
// less.
setFlagsFromString("--no-allocation-site-pretenuring");

await createProgram({ serve: run, check }).parseAsync();
