// Runs for each test file: kills the processes that a timed-out test left running.
import { afterAll } from "vitest";
import { killAll } from "./process.ts";

afterAll(killAll);
