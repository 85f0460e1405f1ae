import { defineConfig } from "vitest/config";
import { isShort } from "../scripts/ci-tests.ts";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Looks at thirty pages in a browser.
    exclude: isShort ? ["test/pictures.test.ts"] : [],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
