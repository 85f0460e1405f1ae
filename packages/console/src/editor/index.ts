// The editor of a request in JSON: CodeMirror, which the page loads when the reader opens it.

import type { DescMessage, Registry } from "@bufbuild/protobuf";
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, startCompletion } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput } from "@codemirror/language";
import { lintKeymap, setDiagnostics } from "@codemirror/lint";
import { EditorSelection, EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightSpecialChars, keymap } from "@codemirror/view";
import { completionSource, overtype } from "./completion.ts";
import { look, styleRoot } from "./look.ts";

/** A fault in the text. */
export interface Mark {
  readonly from: number;
  readonly to: number;
  readonly message: string;
}

export interface EditorOptions {
  /** The policy of the page permits style sheets that scripts construct, which CodeMirror uses in a shadow root. */
  readonly root: ShadowRoot;
  readonly text: string;
  readonly message: DescMessage;
  readonly registry: Registry;
  readonly readOnly: boolean;
  /** The name for assistive technology. */
  readonly label: string;
  /** How the keyboard leaves the editor. */
  readonly hint: string;
  /** The texts of CodeMirror in the language of the reader. */
  readonly phrases: Readonly<Record<string, string>>;
  readonly onChange: (text: string) => void;
}

export interface Editor {
  /** Replaces what differs, so that the cursor stays. */
  setText(text: string): void;
  /** Replaces the marks. */
  mark(marks: readonly Mark[]): void;
  /** Selects a part of the text, and moves the focus there. */
  select(from: number, to: number): void;
  close(): void;
}

/**
 * Types over a selection. The browser would keep the look of what it removes in an inline style, which
 * the policy of the page forbids.
 */
const replaceSelection = EditorView.domEventHandlers({
  beforeinput({ inputType, data, cancelable }, view) {
    const { from, to, empty } = view.state.selection.main;
    if (inputType !== "insertText" || data === null || empty || !cancelable || view.composing) return false;
    const insert = () => view.state.update(view.state.replaceSelection(data), { userEvent: "input.type", scrollIntoView: true });
    const isHandled = view.state.facet(EditorView.inputHandler).some((handle) => handle(view, from, to, data, insert));
    if (!isHandled) view.dispatch(insert());
    return true;
  },
});

export function openEditor({ root, text, message, registry, readOnly, label, hint, phrases, onChange }: EditorOptions): Editor {
  const hintElement = document.createElement("p");
  hintElement.id = "hint";
  hintElement.textContent = hint;
  const attributes = {
    "aria-label": label,
    "aria-describedby": "hint",
    "aria-multiline": "true",
    autocapitalize: "off",
    // What scrolls must have an element that the keyboard reaches. axe does not count editable ones without it.
    tabindex: "0",
  };
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [
        EditorState.phrases.of(phrases),
        EditorState.readOnly.of(readOnly),
        EditorState.lineSeparator.of("\n"),
        EditorView.contentAttributes.of(attributes),
        EditorView.lineWrapping,
        history(),
        drawSelection(),
        highlightSpecialChars(),
        foldGutter(),
        bracketMatching(),
        indentOnInput(),
        json(),
        overtype,
        replaceSelection,
        closeBrackets(),
        autocompletion({
          override: [completionSource(message, registry)],
          // The values of a field appear as soon as its name is written.
          activateOnCompletion: () => true,
          icons: false,
        }),
        keymap.of([
          ...closeBracketsKeymap,
          ...completionKeymap,
          ...defaultKeymap,
          ...historyKeymap,
          ...foldKeymap,
          ...lintKeymap,
          { key: "Alt-/", run: startCompletion },
          indentWithTab,
        ]),
        look,
        EditorView.updateListener.of((update) => {
          if (update.docChanged) onChange(update.state.doc.toString());
        }),
      ],
    }),
  });
  root.append(hintElement);
  styleRoot(root);
  return {
    setText(next) {
      const old = view.state.doc.toString();
      if (old === next) return;
      let from = 0;
      while (from < old.length && old[from] === next[from]) from++;
      let back = 0;
      while (back < Math.min(old.length, next.length) - from && old.at(-1 - back) === next.at(-1 - back)) back++;
      view.dispatch({ changes: { from, to: old.length - back, insert: next.slice(from, next.length - back) } });
    },
    mark(marks) {
      const { length } = view.state.doc;
      const clip = (at: number) => Math.min(at, length);
      const diagnostics = marks.map(({ from, to, message }) => ({ from: clip(from), to: clip(to), message, severity: "error" as const }));
      view.dispatch(setDiagnostics(view.state, diagnostics));
    },
    select(from, to) {
      view.dispatch({ selection: EditorSelection.range(from, to), effects: EditorView.scrollIntoView(from, { y: "center" }) });
      view.focus();
    },
    close() {
      view.destroy();
      hintElement.remove();
    },
  };
}
