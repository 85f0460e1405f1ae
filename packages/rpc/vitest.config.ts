import { defineConfig } from "vitest/config";

const conditions = ["@grpc-study/source"];

const all = "src/**/*.test.ts";
const grpcJs = "src/transport/grpc-js/**/*.test.ts";

// They measure what is held after a collection, so they share no process with others.
const memory = [
  "src/leaks.test.ts",
  "src/client/receive-window.test.ts",
  "src/protocol/message-reader.test.ts",
  "src/server/backpressure.test.ts",
  "src/transport/http2/client/connection.test.ts",
  "src/transport/http2/server/{connection,pending-bytes,streams}.test.ts",
];

export default defineConfig({
  resolve: { conditions },
  test: {
    execArgv: ["--expose-gc"],
    testTimeout: 30_000,
    projects: [
      // Files share a process: loading the sources takes most of the time of a small one.
      { extends: true, test: { name: "rpc", isolate: false, include: [all], exclude: memory } },
      { extends: true, test: { name: "memory", include: memory } },
      // Once more, on the lowest version of the peer dependency.
      {
        extends: true,
        resolve: { alias: { "@grpc/grpc-js": "grpc-js-lowest" } },
        test: { name: "grpc-js lowest", isolate: false, include: [grpcJs] },
      },
    ],
  },
  ssr: { resolve: { conditions, externalConditions: conditions } },
});
