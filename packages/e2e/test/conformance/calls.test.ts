// The suites of connectrpc/conformance with a client and a server: our client calls our server.

import { Code } from "@grpc-study/rpc";
import { describe, expect, test } from "vitest";
import { serveRpc } from "../harness/rpc-server.ts";
import { callOurs, limitBytes, responseData } from "./caller.ts";
import { cancellation } from "./data/cancellation.ts";
import type { CallCase } from "./data/case.ts";
import { deadlinePropagation, timeouts } from "./data/deadlines.ts";
import { duplicateMetadata } from "./data/duplicate-metadata.ts";
import { errors } from "./data/errors.ts";
import { messageSize } from "./data/message-size.ts";
import { isKnown } from "./known-failures.ts";
import { conformanceService } from "./service.ts";

const suites: Readonly<Record<string, readonly CallCase[]>> = {
  errors,
  "duplicate metadata": duplicateMetadata,
  "server message size": messageSize,
  "client cancellation": cancellation,
  timeouts,
  "deadline propagation": deadlinePropagation,
};

describe.each(Object.entries(suites))("%s", (suite, cases) => {
  for (const testCase of cases) {
    const known = isKnown(suite, testCase.name);
    test(known ? `${testCase.name}: a known failure` : testCase.name, { fails: known }, () => check(testCase));
  }
});

async function check({ answer, requests = 1, sizes, requestHeader = {}, timeoutMs, expect: outcome, ...call }: CallCase): Promise<void> {
  await using server = await serveRpc([conformanceService], { limits: { maxReceiveMessageBytes: limitBytes } });
  const result = await callOurs(server.address, {
    ...call,
    answer,
    requests,
    requestHeader,
    ...(sizes && { sizes }),
    ...(timeoutMs && { timeoutMs }),
  });

  if (outcome !== undefined) {
    expect(Code[result.code]).toBe(Code[outcome.code]);
    expect(result.responses).toHaveLength(outcome.responses ?? 0);
    return;
  }
  const { header = {}, trailer = {}, responses = 0, error } = answer;
  expect(Code[result.code]).toBe(Code[error?.code ?? Code.OK]);
  expect(result.message).toBe(error?.message ?? "");
  expect(result.details).toEqual(error?.details ?? []);
  expect(result.responses).toEqual(Array.from({ length: responses }, () => new Uint8Array(responseData)));
  expect(result.header).toMatchObject(header);
  expect(result.trailer).toMatchObject(trailer);

  // The request as the server saw it.
  if (responses === 0 && error === undefined) return;
  const seen = Object.fromEntries(result.info?.requestHeaders.map(({ name, value }) => [name, value]) ?? []);
  expect(seen).toMatchObject(requestHeader);
  const expectedRequests = call.kind === "full-duplex" ? 1 : (sizes?.length ?? requests);
  expect(result.info?.requests).toHaveLength(expectedRequests);
  if (timeoutMs === undefined) expect(result.info?.timeoutMs).toBeUndefined();
  else {
    // The suite allows 2 seconds, or half a second, for the way to the server. On a machine that is
    // busy with other tests, allow half of the timeout.
    expect(Number(result.info?.timeoutMs)).toBeGreaterThan(timeoutMs / 2);
    expect(Number(result.info?.timeoutMs)).toBeLessThanOrEqual(timeoutMs);
  }
}
