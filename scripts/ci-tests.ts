// The settings of test runs in CI. A test that fails there runs once more, because a busy machine
// delays timers and processes. If it then passes, the reporter names it, and `.ci/run` counts it.
import type { Reporter, TestCase } from "vitest/node";

class SecondTries implements Reporter {
  onTestCaseResult(test: TestCase): void {
    if (test.diagnostic()?.flaky) console.log(`passed on the second try: ${test.module.relativeModuleId} > ${test.fullName}`);
  }
}

export const ciTests =
  process.env["CI"] === undefined ? {} : { retry: 1, reporters: ["default", new SecondTries()] as ["default", Reporter] };

/**
 * Whether to leave out what takes minutes, because CI has 20.
 * ALL_TESTS=1 runs everything in CI, too; each run without CI does.
 */
export const isShort = process.env["CI"] !== undefined && !process.env["ALL_TESTS"];
