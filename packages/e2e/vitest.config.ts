import { defineConfig } from "vitest/config";

// Unlike its neighbours this package tests what is built, as Node runs it: no `@grpc-study/source` condition.
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/harness/global-setup.ts",
    setupFiles: "test/harness/setup.ts",
    // Most of the time is spent in waiting for other processes.
    sequence: { concurrent: true },
    maxConcurrency: 4,
    maxWorkers: 3,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    server: { deps: { external: [/\/packages\/(proto|rpc)\//] } },
  },
});
