import { defineConfig } from "vitest/config";
import { ciTests, isShort } from "../../scripts/ci-tests.ts";

export default defineConfig({
  test: {
    ...ciTests,
    include: ["src/**/*.test.ts"],
    // These start each of the peers, dozens of processes.
    exclude: isShort ? ["src/{peers/peers,echoes/echoes}.test.ts"] : [],
  },
});
