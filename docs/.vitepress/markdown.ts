// Extensions of Markdown for these pages.
import type { MarkdownRenderer } from "vitepress";

export function extendMarkdown(markdown: MarkdownRenderer): void {
  drawDiagrams(markdown);
  joinChineseLines(markdown);
}

/** Turns a code block with the language `mermaid` into a diagram, which the browser draws. */
function drawDiagrams(markdown: MarkdownRenderer): void {
  const { fence } = markdown.renderer.rules;
  markdown.renderer.rules.fence = (tokens, index, options, env, self) => {
    const token = tokens[index];
    if (token?.info.trim() === "mermaid") return `<Mermaid code="${encodeURIComponent(token.content)}" />\n`;
    return fence?.(tokens, index, options, env, self) ?? "";
  };
}

const chinese = /[\p{Script=Han}\u3000-\u303f\uff00-\uffef“”‘’…—]/u;

/** Removes line breaks between Chinese characters. A browser would show them as spaces. */
function joinChineseLines(markdown: MarkdownRenderer): void {
  markdown.renderer.rules["softbreak"] = (tokens, index) => {
    const before = [...(tokens[index - 1]?.content ?? "")].at(-1) ?? "";
    const after = [...(tokens[index + 1]?.content ?? "")][0] ?? "";
    return chinese.test(before) && chinese.test(after) ? "" : "\n";
  };
}
