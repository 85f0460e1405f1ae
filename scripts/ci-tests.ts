// The settings of test runs in CI. A test that fails there runs once more, because a busy machine
// delays timers and processes. The reporter names each such test and each failed one, with the error,
// in a line that `.ci/run` repeats at its end.
import type { Reporter, TestCase, TestModule } from "vitest/node";

const firstLine = (text: string): string => text.split("\n", 1)[0]?.slice(0, 400) ?? "";

class ForTheEnd implements Reporter {
  onTestCaseResult(test: TestCase): void {
    const name = `${test.module.relativeModuleId} > ${test.fullName}`;
    const { state, errors } = test.result();
    const line = `${name}: ${firstLine(errors?.[0]?.message ?? "")}`;
    if (test.diagnostic()?.flaky) console.log(`passed on the second try: ${line}`);
    if (state === "failed") console.log(`failed in CI: ${line}`);
  }

  onTestModuleEnd(module: TestModule): void {
    for (const error of module.errors()) console.log(`failed in CI: ${module.relativeModuleId}: ${firstLine(error.message)}`);
  }

  onTestRunEnd(_modules: unknown, errors: readonly { readonly message: string }[]): void {
    for (const { message } of errors) console.log(`failed in CI: outside of a test: ${firstLine(message)}`);
  }
}

export const ciTests =
  process.env["CI"] === undefined ? {} : { retry: 1, reporters: ["default", new ForTheEnd()] as ["default", Reporter] };

/**
 * Whether to leave out what takes minutes, because CI has 20.
 * ALL_TESTS=1 runs everything in CI, too; each run without CI does.
 */
export const isShort = process.env["CI"] !== undefined && !process.env["ALL_TESTS"];
