#!/usr/bin/env node
import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import { createProgram } from "./command/cli.ts";
import { run } from "./command/run.ts";

// grpc-js writes to stderr what it also reports.
if (!process.env.GRPC_VERBOSITY && !process.env.GRPC_NODE_VERBOSITY) setLogVerbosity(logVerbosity.NONE);

await createProgram(run).parseAsync();
