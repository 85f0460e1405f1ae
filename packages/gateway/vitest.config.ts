import { defineConfig } from "vitest/config";
import { ciTests } from "../../scripts/ci-tests.ts";

// Tests import the packages of the workspace from source, without a build.
const conditions = ["@grpc-study/source"];

export default defineConfig({
  resolve: { conditions },
  test: { ...ciTests, isolate: false, testTimeout: 30_000 },
  ssr: { resolve: { conditions, externalConditions: conditions } },
});
