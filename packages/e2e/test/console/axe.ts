// Checks a page against WCAG 2.2 AA with axe.
import axe from "axe-core";
import type { Page } from "playwright-core";

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** The violations: the rule, and the elements. */
export async function violations(page: Page): Promise<readonly string[]> {
  // As an expression of the debugger, which the policy of the page does not concern.
  await page.evaluate(axe.source);
  const run = `axe.run({ resultTypes: ["violations"], runOnly: { type: "tag", values: ${JSON.stringify(tags)} } })`;
  const found = (await page.evaluate(run)) as { readonly violations: readonly Violation[] };
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary = "" }) => `${id}: ${html} ${failureSummary}`));
}
