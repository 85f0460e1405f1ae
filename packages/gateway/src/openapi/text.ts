// Joins descriptions, which are paragraphs of CommonMark.

/** Joins paragraphs that are not empty. Returns `undefined` if all are. */
export function paragraphs(...parts: readonly (string | undefined)[]): string | undefined {
  const text = parts.filter((part) => part !== undefined && part !== "").join("\n\n");
  return text === "" ? undefined : text;
}

/**
 * The first sentence of a comment, without its full stop. Returns `undefined` if it is too long for
 * a heading.
 */
export function firstSentence(comment = ""): string | undefined {
  const [paragraph = ""] = comment.split("\n\n", 1);
  return /^(.{1,120}?)\.?(?:(?<=\.)\s|$)/.exec(paragraph.replace(/\s+/g, " "))?.[1];
}

/** `{ description }`, or `{}` if all parts are empty. For object spread. */
export function describe(...parts: readonly (string | undefined)[]): { description?: string } {
  const description = paragraphs(...parts);
  return description === undefined ? {} : { description };
}
