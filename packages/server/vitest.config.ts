import { defineConfig } from "vitest/config";
import { ciTests } from "../../scripts/ci-tests.ts";

// The workspace's packages are tested from source: no build comes first.
const conditions = ["@grpc-study/source"];

export default defineConfig({
  resolve: { conditions },
  test: { ...ciTests, testTimeout: 30_000 },
  ssr: { resolve: { conditions, externalConditions: conditions } },
});
