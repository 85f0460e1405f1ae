// Clients from npm that are not ours make every call of the tutorials through one port of the
// gateway: Connect, gRPC-Web and gRPC. test/browser/ makes the same calls in a page.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectEnding } from "../peers/caller.ts";
import { nodeClients } from "./clients/node.ts";
import { tutorialCalls } from "./clients/suite.ts";
import { startTutorials, type Tutorials } from "./clients/tutorials.ts";
import { fetchClients } from "./clients/web.ts";

let tutorials: Tutorials;

beforeAll(async () => {
  tutorials = await startTutorials();
});
afterAll(() => tutorials[Symbol.asyncDispose]());

describe.each([...fetchClients, ...nodeClients])("$name", ({ kinds, call: make }) => {
  test.each(tutorialCalls.filter(({ method }) => kinds.includes(method.methodKind)))("$topic: $title", async (call) => {
    const ending = await make(tutorials.urlOf(call.topic), call);
    expectEnding(ending, call);
    if (call.message !== undefined) expect(ending.message).toBe(call.message);
  });
});
