// The store of the tests of a file: PGlite in memory, open until the file ends.
import { afterAll } from "vitest";
import { ProcessStore } from "../src/data/store-source.ts";
import { recordLog } from "./serve-services.ts";

export const memoryStore = new ProcessStore("memory", recordLog().log);
memoryStore.open();
afterAll(() => memoryStore.close());
