import { defineConfig } from "vitest/config";
import { ciTests } from "../../scripts/ci-tests.ts";

// Resolves workspace packages to their source, so tests need no build.
const conditions = ["@grpc-study/source"];

// These files have a process each: they count what the process holds, or replace timers. The others
// share processes: loading the sources takes most of the time of a small file.
const alone = ["src/{deadlines,fuzz/fuzz}.test.ts", "test/attacks/**/*.test.ts"];

export default defineConfig({
  resolve: { conditions },
  test: {
    ...ciTests,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    projects: [
      { extends: true, test: { name: "http2", isolate: false, include: ["{src,test}/**/*.test.ts"], exclude: alone } },
      { extends: true, test: { name: "alone", include: alone } },
    ],
  },
  ssr: { resolve: { conditions, externalConditions: conditions } },
});
