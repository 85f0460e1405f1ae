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
    // Installs three versions of NestJS. packages/nestjs works with the newest one.
    exclude: isShort ? ["test/nestjs.test.ts"] : [],
  },
});
