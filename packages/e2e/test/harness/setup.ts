// Runs for each test file. It ends the processes that a timed-out test leaves behind.
import { afterAll } from "vitest";
import { killAll } from "./process.ts";

afterAll(killAll);
