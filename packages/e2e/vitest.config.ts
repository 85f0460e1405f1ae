import { defineConfig } from "vitest/config";
import { ciTests, isShort } from "../../scripts/ci-tests.ts";

const globalSetup = "test/harness/global-setup.ts";

// What CI leaves out: files that kill, stop or flood processes, or start many, for half a minute and more
// each. test/console and test/examples/docs.test.ts leave out parts.
const long = [
  "test/browser/{leaving,sleeping}.test.ts",
  "test/cli/{data,database,watch}.test.ts",
  "test/conformance/protocols/{connect-node,gateway-remote}.test.ts",
  "test/deploy/docker.test.ts",
  "test/faults/{killed,log,rooms,sigterm}.test.ts",
  "test/gateway/{clients-foreign,hosts}.test.ts",
  "test/hostile/{floods,slow}.test.ts",
  "test/security/rejections.test.ts",
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
      {
        extends: true,
        test: {
          name: "e2e",
          globalSetup,
          include: ["test/**/*.test.ts"],
          exclude: ["test/telemetry/**", ...(isShort ? long : [])],
          // To load the library and its peers takes longer than most files take to run.
          isolate: false,
        },
      },
      // An OpenTelemetry SDK registers itself in its process, once.
      { extends: true, test: { name: "telemetry", globalSetup, include: ["test/telemetry/*.test.ts"], exclude: isShort ? long : [] } },
      // Repeats the contract with grpc-js as our transport, and, but for CI, foreign and hostile peers.
      {
        extends: true,
        test: {
          name: "grpc-js",
          globalSetup,
          env: { E2E_TRANSPORT: "grpc-js" },
          isolate: false,
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
