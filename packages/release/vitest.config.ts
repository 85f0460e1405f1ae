import { defineConfig } from "vitest/config";
import { ciTests, isShort } from "../../scripts/ci-tests.ts";

// The tarballs contain the build, so this does not set the condition `@grpc-study/source`.
export default defineConfig({
  test: {
    ...ciTests,
    globalSetup: "test/setup.ts",
    // Installers, compilers and bundlers are slow on a machine that is busy with other suites.
    testTimeout: 120_000,
    hookTimeout: 300_000,
    fileParallelism: false,
    include: ["test/**/*.test.ts"],
    // packages/e2e runs the same pages from the workspace.
    exclude: isShort ? ["test/first-week.test.ts"] : [],
  },
});
