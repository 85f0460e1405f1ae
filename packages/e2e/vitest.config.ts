import { defineConfig } from "vitest/config";
import { ciTests } from "../../scripts/ci-tests.ts";

const globalSetup = "test/harness/global-setup.ts";

// CI has 20 minutes. These files need several more, so that CI runs them with E2E_ALL=1 alone; each
// other run has them.
const isShort = process.env["CI"] !== undefined && process.env["E2E_ALL"] === undefined;
const long = ["test/cli/watch.test.ts", "test/faults/rooms.test.ts"];

// Unlike the other packages, this one tests the build, as Node runs it: it does not set the
// condition `@grpc-study/source`.
export default defineConfig({
  test: {
    ...ciTests,
    setupFiles: "test/harness/setup.ts",
    // The tests mostly wait for other processes.
    sequence: { concurrent: true },
    maxConcurrency: 4,
    maxWorkers: 3,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    projects: [
      { extends: true, test: { name: "e2e", globalSetup, include: ["test/**/*.test.ts"], exclude: isShort ? long : [] } },
      // Repeats the contract and the hostile peers with grpc-js as our transport.
      {
        extends: true,
        test: {
          name: "grpc-js",
          globalSetup,
          env: { E2E_TRANSPORT: "grpc-js" },
          include: [
            "test/{chat,contract,hello,hello_stream,helloworld,push,shop,streams}.test.ts",
            "test/peers/{buf-curl,connect-node,proto-loader}.test.ts",
            ...(isShort ? [] : ["test/hostile/{floods,requests,servers}.test.ts"]),
          ],
        },
      },
    ],
    server: { deps: { external: [/\/packages\/(proto|rpc)\//] } },
  },
});
