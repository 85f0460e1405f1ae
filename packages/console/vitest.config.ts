import { defineConfig } from "vitest/config";

// Resolves workspace packages to their source, so tests need no build.
const conditions = ["@grpc-study/source"];

export default defineConfig({
  resolve: { conditions },
  test: { isolate: false, testTimeout: 30_000 },
  ssr: { resolve: { conditions, externalConditions: conditions } },
});
