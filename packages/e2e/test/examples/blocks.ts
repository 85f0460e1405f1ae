// Parses the code blocks of a Markdown file, and the attributes in their first line: ```ts run
// [server.ts]
export interface Block {
  /** The heading above. */
  readonly heading: string;
  readonly language: string;
  /** The attributes between the language and the file name. */
  readonly marks: readonly string[];
  /** The file name in brackets. */
  readonly file: string | undefined;
  /** Why the block is not tested, from the comment before it: <!-- untested: … --> */
  readonly untested: string | undefined;
  /** The text, which ends with a newline. */
  readonly text: string;
}

export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  let heading = "";
  let before = "";
  let open: { readonly indent: number; readonly fence: string; readonly info: string; readonly lines: string[] } | undefined;
  for (const line of markdown.split("\n")) {
    const fence = /^( *)(`{3,})(.*)$/.exec(line);
    if (open !== undefined) {
      if (fence?.[2] === open.fence && fence[3]?.trim() === "") {
        const untested = /^ *<!-- untested: (.+) -->$/.exec(before)?.[1];
        blocks.push({ heading, untested, ...parseInfo(open.info), text: `${open.lines.join("\n")}\n` });
        open = undefined;
        before = "";
      } else open.lines.push(line.slice(Math.min(open.indent, line.search(/\S|$/))));
    } else if (fence !== null) {
      open = { indent: fence[1]?.length ?? 0, fence: fence[2] ?? "", info: fence[3] ?? "", lines: [] };
    } else {
      if (line.startsWith("#")) heading = line.replace(/^#+ /, "");
      if (line.trim() !== "") before = line;
    }
  }
  return blocks;
}

function parseInfo(info: string): Pick<Block, "language" | "marks" | "file"> {
  const [language = "", ...marks] = info
    .replaceAll(/\[[^\]]*\]|\{[^}]*\}/g, " ")
    .trim()
    .split(/\s+/);
  return { language, marks, file: /\[([^\]]*)\]/.exec(info)?.[1] };
}

/**
 * Returns the tested code of a page without its comments, to compare translations. The comments
 * with what a program prints are kept.
 */
export function codeOf(markdown: string): string[] {
  return blocksOf(markdown)
    .filter(({ language, file }) => ["ts", "console"].includes(language) || file !== undefined)
    .map(({ language, marks, text }) => {
      const prints = (line: string) => marks.includes("run") && line.includes("console.log(");
      const comment = language === "console" ? /(^| +)# .*$/ : /(^| +)(\/\/|#|\/\*\*|\*) .*$/;
      const lines = text.split("\n").map((line) => (prints(line) ? line : line.replace(comment, "")).trimEnd());
      return [language, ...marks, ...lines.filter(Boolean)].join("\n");
    });
}
