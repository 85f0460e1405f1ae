#!/usr/bin/env node
import "@grpc-study/command/node-version";

await import("./command.ts");
