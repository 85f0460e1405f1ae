import { defineConfig } from "vitest/config";

// The tarballs have what is built: no `@grpc-study/source` condition.
export default defineConfig({
  test: {
    globalSetup: "test/setup.ts",
    // Installations, compilers and bundlers, on a machine that may be busy with other suites.
    testTimeout: 120_000,
    hookTimeout: 300_000,
    fileParallelism: false,
  },
});
