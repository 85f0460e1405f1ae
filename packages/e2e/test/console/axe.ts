// Checks a page against WCAG 2.2 AA with axe.
import axe from "axe-core";
import type { Page } from "playwright-core";

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/**
 * The violations: the rule, and the elements.
 *
 * @param within the selector of the part to check. Default: the page.
 */
export async function violations(page: Page, within = "html"): Promise<readonly string[]> {
  // As an expression of the debugger, which the policy of the page does not concern.
  if ((await page.evaluate("typeof axe")) === "undefined") await page.evaluate(axe.source);
  const run = `axe.run(${JSON.stringify(within)}, { resultTypes: ["violations"], runOnly: { type: "tag", values: ${JSON.stringify(tags)} } })`;
  const found = (await page.evaluate(run)) as { readonly violations: readonly Violation[] };
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary = "" }) => `${id}: ${html} ${failureSummary}`));
}
