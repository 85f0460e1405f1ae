import { defineConfig } from "vite";

// All URLs are relative, so that a gateway can serve the page at any path.
export default defineConfig({
  base: "./",
  resolve: { conditions: ["@grpc-study/source", "module", "browser", "development|production"] },
  build: {
    outDir: "dist/app",
    assetsDir: "assets",
    target: "es2022",
    // The policy of the page forbids `data:` URLs, except for images.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Their licenses ask for this. scripts/licenses.ts moves it out of the page.
    license: { fileName: "licenses.md" },
  },
});
