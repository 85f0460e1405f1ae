import { defineConfig } from "vitest/config";
import { ciTests, isShort } from "../../scripts/ci-tests.ts";

const conditions = ["@grpc-study/source"];

const grpcJs = "src/transport/grpc-js/**/*.test.ts";

// These files have a process each: they measure memory, count what the process holds, listen to its
// events, or replace timers and clocks, which modules that other files have loaded would share. The
// others share processes: loading the sources takes most of the time of a small file.
const alone = [
  "src/{leaks,long-timer,no-grpc-js}.test.ts",
  "src/channel/{pick-first,sockets}.test.ts",
  "src/channel/retry/{hedging-call,limited-call,random,retrying-call}.test.ts",
  "src/{channelz,services/channelz}/*.test.ts",
  "src/client/{failures,receive-window}.test.ts",
  "src/interceptors/rate-limit.test.ts",
  "src/propagation/{chain,leaks,unused}.test.ts",
  "src/protocol/message-reader.test.ts",
  "src/server/{backpressure,clock,errors}.test.ts",
  "src/testing/{faults,test-context,virtual-time/*}.test.ts",
  "src/transport/http2/client/{connection,dial,request}.test.ts",
  "src/transport/http2/server/{connection,pending-bytes,streams}.test.ts",
];

export default defineConfig({
  resolve: { conditions },
  test: {
    ...ciTests,
    // The backpressure tests measure what is held after a collection.
    execArgv: ["--expose-gc"],
    testTimeout: 30_000,
    // On a busy machine, a second is too short.
    expect: { poll: { timeout: 20_000 } },
    projects: [
      { extends: true, test: { name: "rpc", isolate: false, include: ["src/**/*.test.ts"], exclude: alone } },
      { extends: true, test: { name: "alone", include: alone } },
      // Once more, on the lowest version of the peer dependency.
      ...(isShort
        ? []
        : [
            {
              extends: true as const,
              resolve: { alias: { "@grpc/grpc-js": "grpc-js-lowest" } },
              test: { name: "grpc-js lowest", isolate: false, include: [grpcJs] },
            },
          ]),
    ],
  },
  ssr: { resolve: { conditions, externalConditions: conditions } },
});
