// Descriptions: paragraphs of CommonMark.

/** Paragraphs that there are, as one text; undefined if there are none. */
export function paragraphs(...parts: readonly (string | undefined)[]): string | undefined {
  const text = parts.filter((part) => part !== undefined && part !== "").join("\n\n");
  return text === "" ? undefined : text;
}

/** The first sentence of a comment without its full stop; undefined if it is too long for a heading. */
export function firstSentence(comment = ""): string | undefined {
  const [paragraph = ""] = comment.split("\n\n", 1);
  return /^(.{1,120}?)\.?(?:(?<=\.)\s|$)/.exec(paragraph.replace(/\s+/g, " "))?.[1];
}

/** `{ description }`, or nothing: for spreading. */
export function describe(...parts: readonly (string | undefined)[]): { description?: string } {
  const description = paragraphs(...parts);
  return description === undefined ? {} : { description };
}
