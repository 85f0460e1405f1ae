// Extensions of Markdown for these pages.
import type { MarkdownRenderer } from "vitepress";

export function extendMarkdown(markdown: MarkdownRenderer): void {
  nameFiles(markdown);
  drawDiagrams(markdown);
  joinChineseLines(markdown);
}

/** Shows the file of a code block, ```ts [server.ts], where the language would be. */
function nameFiles(markdown: MarkdownRenderer): void {
  const { fence } = markdown.renderer.rules;
  markdown.renderer.rules.fence = (tokens, index, options, env, self) => {
    // The renderer removes the name from the token.
    const file = /\[([^\]]+)\]/.exec(tokens[index]?.info ?? "")?.[1];
    const html = fence?.(tokens, index, options, env, self) ?? "";
    if (file === undefined) return html;
    return html.replace(/<span class="lang">.*?<\/span>/, () => `<span class="lang">${markdown.utils.escapeHtml(file)}</span>`);
  };
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
