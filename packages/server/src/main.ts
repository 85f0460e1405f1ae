#!/usr/bin/env node
import "@grpc-study/command/node-version";

const [{ main }, { topics }] = await Promise.all([import("./command.ts"), import("./topics.ts")]);
await main({ name: "grpc-study-server", topics });
