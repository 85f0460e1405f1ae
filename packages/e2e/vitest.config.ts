import { defineConfig } from "vitest/config";

const globalSetup = "test/harness/global-setup.ts";

// Unlike its neighbours this package tests what is built, as Node runs it: no `@grpc-study/source`
// condition.
export default defineConfig({
  test: {
    setupFiles: "test/harness/setup.ts",
    // Most of the time is spent in waiting for other processes.
    sequence: { concurrent: true },
    maxConcurrency: 4,
    maxWorkers: 3,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    projects: [
      { extends: true, test: { name: "e2e", globalSetup, include: ["test/**/*.test.ts"] } },
      // The contract and hostile peers once more, with grpc-js below our servers and our clients.
      {
        extends: true,
        test: {
          name: "grpc-js",
          globalSetup,
          env: { E2E_TRANSPORT: "grpc-js" },
          include: [
            "test/{chat,contract,hello,hello_stream,helloworld,push,shop,streams}.test.ts",
            "test/peers/{buf-curl,connect-node,proto-loader}.test.ts",
            "test/hostile/{floods,requests,servers}.test.ts",
          ],
        },
      },
    ],
    server: { deps: { external: [/\/packages\/(proto|rpc)\//] } },
  },
});
