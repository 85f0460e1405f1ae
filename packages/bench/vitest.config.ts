import { defineConfig } from "vitest/config";
import { ciTests } from "../../scripts/ci-tests.ts";

export default defineConfig({ test: { ...ciTests, include: ["src/**/*.test.ts"] } });
