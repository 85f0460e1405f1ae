// Completion: the choices at the cursor, and what is written when the reader takes one.

import type { DescMessage, Registry } from "@bufbuild/protobuf";
import type { Completion, CompletionSource } from "@codemirror/autocomplete";
import { completionStatus, insertCompletionText, pickedCompletion, startCompletion } from "@codemirror/autocomplete";
import { EditorView } from "@codemirror/view";
import { type Place, placeAt } from "../json/place.ts";
import { type Choice, choicesAt, matching } from "../schema/complete.ts";

export function completionSource(message: DescMessage, registry: Registry): CompletionSource {
  return ({ state, pos, explicit }) => {
    const text = state.doc.toString();
    const place = placeAt(text, pos);
    if (place === undefined) return null;
    // A line break or a comma alone asks for nothing, but a colon, a quote and a bracket do.
    const before = text.slice(0, pos).trimEnd().at(-1) ?? "";
    const asks = explicit || place.from < place.to || place.kind === "value" || (before === "{" && text[pos - 1] !== "\n");
    const choices = asks ? choicesAt(message, place, registry) : [];
    // An empty text in quotes is nothing to choose.
    if (choices.length === 0 || (place.quoted && choices.every(({ before, after }) => before + after === '""'))) return null;
    return {
      from: pos - place.prefix.length,
      options: matching(choices, place.prefix).map(optionOf),
      // CodeMirror would compare a single letter with the first one of a name only, which values of an enum share.
      filter: false,
      getMatch: ({ label }) => {
        const at = label.toLowerCase().indexOf(place.prefix.toLowerCase());
        return at < 0 || place.prefix === "" ? [] : [at, at + place.prefix.length];
      },
    };
  };
}

function optionOf(choice: Choice): Completion {
  return {
    label: choice.label,
    detail: choice.detail,
    ...(choice.comment !== "" && { info: choice.comment }),
    apply: (view, completion, from, to) => {
      const { state } = view;
      const place = placeAt(state.doc.toString(), to);
      if (place === undefined) {
        view.dispatch(insertCompletionText(state, choice.before, from, to));
        return;
      }
      const { start, end, before, after } = replacement(state.doc.toString(), place, choice);
      const comma = place.commaAt === undefined ? [] : [{ from: place.commaAt, insert: "," }];
      view.dispatch({
        changes: [...comma, { from: start, to: end, insert: before + after }],
        selection: { anchor: start + comma.length + before.length },
        annotations: pickedCompletion.of(completion),
        userEvent: "input.complete",
        scrollIntoView: true,
      });
    },
  };
}

/** The token at the place becomes the choice. A name of a field brings the colon, and the comma before the next name. */
function replacement(text: string, { kind, from, to }: Place, { before, after }: Choice) {
  const rest = text.slice(to);
  if (kind === "value") return { start: from, end: to, before, after };
  const colon = /^\s*:[ \t]?/.exec(rest)?.[0];
  if (colon !== undefined) return { start: from, end: to + colon.length, before: before + colon, after };
  return { start: from, end: to, before: `${before}: `, after: /^\s*"/.test(rest) ? "," : after };
}

/** A reader may type the colon and the space that a name of a field has brought: they are already there. */
export const overtype = EditorView.inputHandler.of((view, from, to, text) => {
  if (from !== to || (text !== ":" && text !== " ")) return false;
  const { number, from: start } = view.state.doc.lineAt(from);
  if (!/"(?:[^"\\]|\\.)*"\s*: $/.test(view.state.doc.line(number).text.slice(0, from - start))) return false;
  const place = placeAt(view.state.doc.toString(), from);
  if (place?.kind !== "value" || place.from !== place.to) return false;
  if (completionStatus(view.state) === null) startCompletion(view);
  return true;
});
