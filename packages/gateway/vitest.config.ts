import { defineConfig } from "vitest/config";

// Tests import the packages of the workspace from source, without a build.
const conditions = ["@grpc-study/source"];

export default defineConfig({
  resolve: { conditions },
  test: { isolate: false, testTimeout: 30_000 },
  ssr: { resolve: { conditions, externalConditions: conditions } },
});
