#!/usr/bin/env node
import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import { createProgram } from "./cli.ts";
import { run } from "./run.ts";
import { topics } from "./topics.ts";

// grpc-js writes to stderr what it also reports, and a port in use is to be one line.
if (!process.env.GRPC_VERBOSITY && !process.env.GRPC_NODE_VERBOSITY) setLogVerbosity(logVerbosity.NONE);

await createProgram(topics, run).parseAsync();
