import { defineConfig } from "vitest/config";

const conditions = ["@grpc-study/source"];

export default defineConfig({
  resolve: { conditions },
  // The backpressure tests measure what is held after a collection.
  test: { execArgv: ["--expose-gc"], testTimeout: 30_000 },
  ssr: { resolve: { conditions, externalConditions: conditions } },
});
