import { defineConfig } from "vitest/config";

// The workspace's packages are tested from source: no build comes first.
const conditions = ["@grpc-study/source"];

export default defineConfig({
  resolve: { conditions },
  test: { testTimeout: 30_000 },
  ssr: { resolve: { conditions, externalConditions: conditions } },
});
