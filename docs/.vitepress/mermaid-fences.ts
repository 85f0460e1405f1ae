// A code block of the language `mermaid` becomes a diagram, which the browser draws.
import type { MarkdownRenderer } from "vitepress";

export function mermaidFences(markdown: MarkdownRenderer): void {
  const { fence } = markdown.renderer.rules;
  markdown.renderer.rules.fence = (tokens, index, options, env, self) => {
    const token = tokens[index];
    if (token?.info.trim() === "mermaid") return `<Mermaid code="${encodeURIComponent(token.content)}" />\n`;
    return fence?.(tokens, index, options, env, self) ?? "";
  };
}
