import { defineConfig } from "vitest/config";

// The tests run programs as processes, so they need the built packages: `npx -y pnpm@12 build`.
export default defineConfig({
  test: { include: ["test/**/*.test.ts"], sequence: { concurrent: true }, maxConcurrency: 4, testTimeout: 60_000, hookTimeout: 60_000 },
});
