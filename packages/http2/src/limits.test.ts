import { expect, test } from "vitest";
import { type Limits, resolveLimits } from "./limits.ts";

test.each<[Partial<Limits>, string]>([
  [{ maxHeaderListSize: 2 ** 32 }, "limits.maxHeaderListSize must be a whole number up to 4294967295, got 4294967296"],
  [{ headerTableSize: 0.5 }, "limits.headerTableSize must be a whole number up to 4294967295, got 0.5"],
  [{ maxConcurrentStreams: 2 ** 40 }, "limits.maxConcurrentStreams must be"],
  [{ maxFrameSize: 16_384.5 }, "limits.maxFrameSize must be"],
  [{ maxFrameSize: 16_383 }, "limits.maxFrameSize must be 16384 to 16777215 bytes, got 16383"],
  [{ pingRate: -1 }, "limits.pingRate must be a number of 0 or more, got -1"],
])("a limit that SETTINGS cannot carry is rejected with its name: %o", (given, message) => {
  expect(() => resolveLimits("server", given)).toThrow(message);
});

test("the largest values that SETTINGS can carry are accepted", () => {
  const given = {
    maxHeaderListSize: 2 ** 32 - 1,
    headerTableSize: 2 ** 32 - 1,
    maxConcurrentStreams: 2 ** 32 - 1,
    maxFrameSize: 2 ** 24 - 1,
  };
  expect(resolveLimits("client", given)).toMatchObject(given);
});
