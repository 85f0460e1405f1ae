// For each test file: a test that fails for want of time leaves its processes to this.
import { afterAll } from "vitest";
import { killAll } from "./process.ts";

afterAll(killAll);
