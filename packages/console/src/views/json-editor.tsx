// The editor of the request: CodeMirror, and a plain text control until it is there.
import { signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Editor, Mark } from "../editor/index.ts";
import { language, t } from "../i18n/index.ts";
import { rangeOf } from "../json/range.ts";
import type { MethodEntry } from "../schema/services.ts";
import { target } from "../state/focus.ts";
import { parsedRequest, requestText, setRequestText } from "../state/request.ts";
import { registry } from "../state/services.ts";
import "./json-editor.css";

type EditorModule = typeof import("../editor/index.ts");

/** CodeMirror is most of the page: it is loaded when the reader opens an editor. */
const loaded = signal<EditorModule | undefined>(undefined);

async function loadEditor(): Promise<void> {
  try {
    loaded.value ??= await import("../editor/index.ts");
  } catch {
    // The text control stays. The next editor that opens tries again.
  }
}

/** Milliseconds without a change after which faults are marked: a word on its way is not marked. */
const markMs = 250;

interface JsonEditorProps {
  readonly method: MethodEntry;
  readonly readOnly: boolean;
  readonly marks: readonly Mark[];
  /** Whether the text is not JSON. */
  readonly invalid: boolean;
}

export function JsonEditor({ method, readOnly, marks, invalid }: JsonEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  const editor = useRef<Editor | undefined>(undefined);
  // The text control stays until the editor has its focus and selection: the reader may be typing.
  const [isOpen, setOpen] = useState(false);
  const text = requestText.value;
  const label = `${t("jsonEditor")}: ${method.desc.input.typeName}`;
  const module = loaded.value;
  const types = registry.value;
  useEffect(() => void loadEditor(), []);
  useLayoutEffect(() => {
    if (host.current === null || module === undefined || types === undefined) return;
    const { activeElement } = document;
    const selection = area.current !== null && activeElement === area.current ? area.current : undefined;
    const opened = module.openEditor({
      root: host.current.shadowRoot ?? host.current.attachShadow({ mode: "open" }),
      text: requestText.peek(),
      message: method.desc.input,
      registry: types,
      readOnly,
      label,
      hint: t("editorHint"),
      phrases: phrases(),
      onChange: setRequestText,
    });
    editor.current = opened;
    if (selection !== undefined) opened.select(selection.selectionStart, selection.selectionEnd);
    setOpen(true);
    return () => opened.close();
  }, [module, method, types, readOnly, language.value]);
  // The render may be of an older text than the reader has typed since: the state has the newest.
  useEffect(() => editor.current?.setText(requestText.peek()), [text]);
  useEffect(() => {
    const timer = setTimeout(() => editor.current?.mark(marks), markMs);
    return () => clearTimeout(timer);
  }, [marks, module]);
  const aim = target.value;
  useLayoutEffect(() => {
    const { node } = parsedRequest.peek();
    if (aim === undefined || node === undefined) return;
    target.value = undefined;
    const { from, to } = rangeOf(node, aim);
    if (editor.current !== undefined) editor.current.select(from, to);
    else {
      area.current?.setSelectionRange(from, to);
      area.current?.focus();
    }
  }, [aim]);
  return (
    <div class={invalid ? "editor invalid" : "editor"}>
      <div ref={host} />
      {!isOpen && (
        <textarea
          ref={area}
          class="code"
          rows={14}
          spellcheck={false}
          readOnly={readOnly}
          aria-label={label}
          aria-invalid={invalid}
          value={text}
          onInput={(event) => setRequestText(event.currentTarget.value)}
        />
      )}
    </div>
  );
}

/** What CodeMirror says, by its English texts. */
function phrases(): Readonly<Record<string, string>> {
  return {
    Completions: t("completions"),
    Diagnostics: t("diagnostics"),
    "No diagnostics": t("noDiagnostics"),
    close: t("close"),
    "Fold line": t("foldLine"),
    "Unfold line": t("unfoldLine"),
    "folded code": t("folded"),
    unfold: t("unfoldLine"),
    "Folded lines": t("foldedLines"),
    "Unfolded lines": t("unfoldedLines"),
    to: t("to"),
    "Control character": t("controlCharacter"),
    "Selection deleted": t("selectionDeleted"),
  };
}
