import { defineConfig } from "vitest/config";
import { ciTests } from "../../scripts/ci-tests.ts";

// Resolves workspace packages to their source, so tests need no build.
const conditions = ["@grpc-study/source"];

export default defineConfig({
  resolve: { conditions },
  // Each test registers an SDK, and removes it at its end.
  test: { ...ciTests, isolate: false, testTimeout: 30_000 },
  ssr: { resolve: { conditions, externalConditions: conditions } },
});
