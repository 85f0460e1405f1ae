#!/usr/bin/env node
import "@grpc-study/command/node-version";

const { main } = await import("./command.ts");
await main();
