// The look of the editor, in the colours of the page, which custom properties bring into its shadow root.
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const theme = EditorView.theme({
  "&": { color: "var(--text)", backgroundColor: "var(--raised)", fontSize: "0.9em" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.5", minHeight: "18em", maxHeight: "60vh", overflow: "auto" },
  ".cm-content": { caretColor: "var(--text)", minHeight: "18em" },
  ".cm-cursor": { borderLeftColor: "var(--text)", borderLeftWidth: "2px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { background: "var(--selected)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--selected)", outline: "1px solid var(--border)" },
  "&.cm-focused .cm-nonmatchingBracket": { backgroundColor: "var(--error-bg)" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--muted)", border: "none" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--panel)", borderColor: "var(--border)", color: "var(--muted)" },
  ".cm-specialChar": { color: "var(--error)" },
  ".cm-tooltip": {
    border: "1px solid var(--border)",
    borderRadius: "6px",
    backgroundColor: "var(--raised)",
    color: "var(--text)",
    maxWidth: "min(32rem, 92vw)",
    boxShadow: "0 4px 16px rgb(0 0 0 / 25%)",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": {
    fontFamily: "var(--mono)",
    maxHeight: "14em",
    minWidth: "min(16rem, 80vw)",
    maxWidth: "92vw",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "0.2em 0.6em", display: "flex", gap: "1em" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--on-accent)" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
  ".cm-completionDetail": { color: "var(--muted)", fontStyle: "normal", marginLeft: "auto", overflow: "hidden", textOverflow: "ellipsis" },
  "li[aria-selected] .cm-completionDetail": { color: "inherit" },
  ".cm-tooltip.cm-completionInfo": {
    padding: "0.5em 0.7em",
    whiteSpace: "pre-wrap",
    overflowWrap: "anywhere",
    fontFamily: "system-ui, sans-serif",
  },
  ".cm-diagnostic": { padding: "0.4em 0.7em", fontFamily: "system-ui, sans-serif", overflowWrap: "anywhere" },
  ".cm-diagnostic-error": { borderLeft: "4px solid var(--error)" },
  ".cm-lintRange-error": {
    backgroundImage: "none",
    textDecoration: "underline wavy var(--error)",
    textDecorationSkipInk: "none",
    textUnderlineOffset: "3px",
    backgroundColor: "var(--error-bg)",
  },
  ".cm-lintPoint-error::after": { borderBottomColor: "var(--error)" },
  ".cm-panels": { backgroundColor: "var(--panel)", color: "var(--text)", borderColor: "var(--line)" },
  ".cm-panel.cm-panel-lint ul [aria-selected]": { backgroundColor: "var(--selected)", color: "var(--text)" },
  ".cm-panel.cm-panel-lint ul:focus [aria-selected]": { backgroundColor: "var(--selected)", color: "var(--text)" },
  ".cm-panel.cm-panel-lint button[name=close]": { color: "var(--text)" },
});

const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: "var(--key)" },
  { tag: tags.string, color: "var(--string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--number)" },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: "var(--text)" },
]);

/** The hint below the text, which CodeMirror's style sheet cannot reach. */
const hint = new CSSStyleSheet();
hint.replaceSync("#hint { margin: 0; padding: 0.3rem 0.7rem; border-top: 1px solid var(--line); color: var(--muted); font-size: 0.8rem; }");

/** Adds the style sheet of what is around the text. */
export function styleRoot(root: ShadowRoot): void {
  if (!root.adoptedStyleSheets.includes(hint)) root.adoptedStyleSheets = [...root.adoptedStyleSheets, hint];
}

export const look = [theme, syntaxHighlighting(colours)];
