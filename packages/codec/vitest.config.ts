import { defineConfig } from "vitest/config";

// The workspace's packages are tested from source: no build comes first.
const conditions = ["@grpc-study/source"];
const json = ["src/json/**/*.test.ts"];
const tiers = ["src/json/tiers.test.ts"];

export default defineConfig({
  resolve: { conditions },
  test: {
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // The JSON codec is tested in its tiers and while types go from one to the other. Other tests choose tiers themselves.
    projects: [
      { extends: true, test: { name: "codec", include: ["src/**/*.test.ts"], exclude: json } },
      { extends: true, test: { name: "tiers", include: tiers } },
      { extends: true, test: { name: "json, general", include: json, exclude: tiers, setupFiles: ["test/tiers/general.ts"] } },
      { extends: true, test: { name: "json, compiled", include: json, exclude: tiers, setupFiles: ["test/tiers/compiled.ts"] } },
      { extends: true, test: { name: "json, switching", include: json, exclude: tiers, setupFiles: ["test/tiers/switching.ts"] } },
    ],
  },
  ssr: { resolve: { conditions, externalConditions: conditions } },
});
