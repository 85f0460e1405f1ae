import { defineConfig } from "vitest/config";

// The workspace's packages are tested from source: no build comes first.
const conditions = ["@grpc-study/source"];
const json = ["src/json/**/*.test.ts"];

export default defineConfig({
  resolve: { conditions },
  test: {
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // The JSON codec is tested in both of its tiers. The tests of the binary codec choose tiers themselves.
    projects: [
      { extends: true, test: { name: "codec", exclude: [...json, "**/node_modules/**"] } },
      { extends: true, test: { name: "json, general", include: json, setupFiles: ["test/tiers/general.ts"] } },
      { extends: true, test: { name: "json, compiled", include: json, setupFiles: ["test/tiers/compiled.ts"] } },
    ],
  },
  ssr: { resolve: { conditions, externalConditions: conditions } },
});
