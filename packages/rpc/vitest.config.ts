import { defineConfig } from "vitest/config";
import { ciTests } from "../../scripts/ci-tests.ts";

const conditions = ["@grpc-study/source"];

const grpcJs = "src/transport/grpc-js/**/*.test.ts";

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
      { extends: true, test: { name: "rpc" } },
      // Once more, on the lowest version of the peer dependency.
      { extends: true, resolve: { alias: { "@grpc/grpc-js": "grpc-js-lowest" } }, test: { name: "grpc-js lowest", include: [grpcJs] } },
    ],
  },
  ssr: { resolve: { conditions, externalConditions: conditions } },
});
