import { defineConfig } from "vitest/config";
import { ciTests, isShort } from "../../scripts/ci-tests.ts";

const globalSetup = "test/harness/global-setup.ts";

// What CI leaves out: one file kills processes for a minute each, another one repeats what
// packages/release runs from tarballs.
const long = [
  "test/cli/watch.test.ts",
  "test/deploy/docker.test.ts",
  "test/faults/{killed,log,rooms}.test.ts",
  "test/gateway/clients-foreign.test.ts",
  "test/telemetry/commands.test.ts",
];

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
            ...(isShort
              ? []
              : ["test/peers/{buf-curl,connect-node,proto-loader}.test.ts", "test/hostile/{floods,requests,servers}.test.ts"]),
          ],
        },
      },
    ],
    server: { deps: { external: [/\/packages\/(proto|rpc)\//] } },
  },
});
