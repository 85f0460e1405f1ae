import { defineConfig } from "vitest/config";

// Resolves workspace packages to their source, so tests need no build.
const conditions = ["@grpc-study/source"];
const json = ["src/json/**/*.test.ts"];
/** These choose tiers themselves, or start processes that do. */
const once = ["src/json/{processes,tiers}.test.ts"];

export default defineConfig({
  resolve: { conditions },
  test: {
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // The JSON tests run in each tier and while types switch tiers. Other tests choose tiers
    // themselves.
    projects: [
      { extends: true, test: { name: "codec", include: ["src/**/*.test.ts"], exclude: json } },
      { extends: true, test: { name: "json", include: once } },
      { extends: true, test: { name: "json, general", include: json, exclude: once, setupFiles: ["test/tiers/general.ts"] } },
      { extends: true, test: { name: "json, compiled", include: json, exclude: once, setupFiles: ["test/tiers/compiled.ts"] } },
      {
        extends: true,
        test: {
          name: "json, switching",
          include: json,
          exclude: once,
          setupFiles: ["test/tiers/switching.ts"],
        },
      },
    ],
  },
  ssr: { resolve: { conditions, externalConditions: conditions } },
});
