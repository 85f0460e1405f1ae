// Runs all cases against one server, each as a test of its own.
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isShort } from "../../../../../scripts/ci-tests.ts";
import { Code, Compression } from "../../../gen/connectrpc/conformance/v1/config_pb.js";
import { until } from "../../harness/until.ts";
import { Authority } from "../../security/certificates.ts";
import { caseHeader } from "./cancellations.ts";
import { check } from "./check.ts";
import { call } from "./client/call.ts";
import { HttpConnections } from "./client/http.ts";
import { find, inapplicable, type KnownFailure } from "./known-failures.ts";
import { type ConformanceCase, readCases } from "./suites.ts";
import type { Target, TargetTls } from "./target.ts";

export interface Options {
  readonly serve: (tls: TargetTls) => Promise<Target>;
  readonly known: readonly KnownFailure[];
  /** Cases that this server is not made for. They do not run. */
  readonly without?: readonly KnownFailure[];
}

type Settle = (testCase: ConformanceCase, problems: readonly string[]) => void;

/** How many cases run at once: those that mostly wait do not hold up the others. */
const parallel = { busy: 8, waiting: 64 };

/** A case without a result in this time fails, in milliseconds. */
const timeLimitMs = 60_000;

export function testConformance(name: string, { serve, known: knownFailures, without = [] }: Options): void {
  const authority = new Authority();
  const cases = readCases()
    .filter(({ name }) => find([...inapplicable, ...without], name) === undefined)
    // CI runs compression without TLS only.
    .filter(({ request, tls }) => !isShort || !tls || request.compression === Compression.IDENTITY);
  const results = new Map(cases.map((testCase) => [testCase.name, Promise.withResolvers<readonly string[]>()]));
  let target: Target;
  let connections: Map<string, HttpConnections>;

  describe(name, () => {
    // biome-ignore lint/correctness/noEmptyPattern: Vitest requires a pattern
    beforeAll(async ({}, suite) => {
      target = await serve({ ...authority.issue(), ca: authority.cert });
      connections = new Map();
      // Those that the command line selects.
      const selected = cases.filter((_, index) => suite.tasks[index]?.mode === "run");
      void runAll(selected);
    });

    afterAll(async () => {
      for (const connection of connections.values()) connection[Symbol.dispose]();
      await target[Symbol.asyncDispose]();
    });

    for (const { name } of cases) {
      const failure = find(knownFailures, name);
      test(failure === undefined ? name : `${name}: a known failure`, async () => {
        const problems = (await results.get(name)?.promise) ?? ["it has not run"];
        if (failure === undefined && problems.length > 0) throw new Error(problems.join("\n"));
        if (failure !== undefined && problems.length === 0) throw new Error(`passes, but is a known failure: ${failure.cases}`);
      });
    }

    test("calls that clients cancelled end on the server", async ({ skip }) => {
      const names = cases.filter(({ request }) => request.cancel !== undefined).map(({ name }) => name);
      await Promise.all(names.map((name) => results.get(name)?.promise));
      const { cancellations } = target;
      if (cancellations === undefined) return skip("the server does not tell");
      await until(() => cancellations.open.length === 0);
      // A call may be cancelled before the server has it, but many are not.
      expect(cancellations.cancelled.size).toBeGreaterThan(names.length / 10);
    });

    test.for([...knownFailures, ...without])("the list of known failures: $cases", ({ cases: pattern }) => {
      expect(readCases().filter(({ name }) => find([{ cases: pattern, reason: "" }], name))).not.toEqual([]);
    });
  });

  /** Runs cases in parallel. Cases with deadlines that fail on a busy machine run again, alone. */
  async function runAll(selected: readonly ConformanceCase[]): Promise<void> {
    const waits = ({ request }: ConformanceCase) =>
      request.timeoutMs !== undefined || request.requestDelayMs > 0 || request.cancel !== undefined;
    const again: ConformanceCase[] = [];
    const settle = (testCase: ConformanceCase, problems: readonly string[]) => {
      const known = find(knownFailures, testCase.name) !== undefined;
      if (problems.length > 0 && !known && testCase.request.timeoutMs !== undefined) again.push(testCase);
      else results.get(testCase.name)?.resolve(problems);
    };
    const busy = selected.filter((testCase) => !waits(testCase));
    await Promise.all([pool(selected.filter(waits), parallel.waiting, settle), pool(busy, parallel.busy, settle)]);
    for (const testCase of again) results.get(testCase.name)?.resolve(await run(testCase));
  }

  async function pool(queue: readonly ConformanceCase[], size: number, settle: Settle): Promise<void> {
    const rest = queue.values();
    await Promise.all(
      Array.from({ length: size }, async () => {
        for (const testCase of rest) settle(testCase, await run(testCase));
      }),
    );
  }

  async function run(testCase: ConformanceCase): Promise<readonly string[]> {
    const timeout = new AbortController();
    try {
      const late = delay(timeLimitMs, [`no result after ${timeLimitMs} ms`], { signal: timeout.signal }).catch(() => []);
      const more = testCase.request.cancel === undefined ? {} : { [caseHeader]: testCase.name };
      const attempt = () => call(connect(testCase), testCase.request, { more, text: testCase.text });
      // A server that rejects a large body over HTTP/1.1 closes the connection; TCP may lose the response
      // if the client still sends (RFC 9112, section 9.6).
      const retry = testCase.expected.error?.code === Code.RESOURCE_EXHAUSTED && testCase.request.httpVersion === 1;
      const result = attempt()
        .then((result) => (retry && result.status === undefined ? attempt() : result))
        .then((result) => check(testCase, result));
      return await Promise.race([result, late]);
    } catch (error) {
      return [error instanceof Error ? (error.stack ?? error.message) : String(error)];
    } finally {
      timeout.abort();
    }
  }

  /** The connections for the case's version of HTTP and TLS. */
  function connect({ request, tls, clientCertificate }: ConformanceCase): HttpConnections {
    const version = request.httpVersion === 1 ? 1 : 2;
    const key = `${version} ${tls} ${clientCertificate}`;
    let found = connections.get(key);
    if (found === undefined) {
      found = new HttpConnections({
        port: target.port(version, tls),
        ...(tls && { ca: authority.cert }),
        ...(clientCertificate && { identity: authority.issue({ for: "client" }) }),
      });
      connections.set(key, found);
    }
    return found;
  }
}
