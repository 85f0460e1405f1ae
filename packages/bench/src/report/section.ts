// Replaces the section of a README that a run generates, between two comments.

const begin = "<!-- bench: written by `pnpm bench` -->";
const end = "<!-- /bench -->";

/** @throws Error unless each comment occurs once, in order. */
export function replaceSection(readme: string, content: string): string {
  const [before, rest, ...more] = readme.split(begin);
  const [, after, ...evenMore] = rest?.split(end) ?? [];
  if (before === undefined || after === undefined || more.length + evenMore.length > 0)
    throw new Error(`the README must contain ${begin} and ${end} once each`);
  return `${before}${begin}\n${content === "" ? "" : `\n${content.trim()}\n\n`}${end}${after}`;
}
