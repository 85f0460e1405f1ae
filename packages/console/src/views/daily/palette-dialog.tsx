// The palette: finds methods, saved requests, actions, environments, the theme and the language.
// https://www.w3.org/WAI/ARIA/apg/patterns/combobox/
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../../i18n/index.ts";
import { paletteItems } from "../../state/palette.ts";
import { Dialog } from "../../ui/dialog.tsx";

/** Items that are shown. */
const maxShown = 100;

const listId = "palette-items";
const idOf = (index: number) => `${listId}-${index}`;

export function PaletteDialog({ onClose }: { readonly onClose: () => void }) {
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const items = paletteItems.value.filter(({ text }) => words.every((word) => text.includes(word))).slice(0, maxShown);
  useEffect(() => document.getElementById(idOf(active))?.scrollIntoView({ block: "nearest" }), [active]);
  const run = (index: number) => {
    const item = items[index];
    if (item === undefined) return;
    input.current?.closest("dialog")?.close();
    // The focus has returned by then, so that a dialog that opens knows where it was.
    requestAnimationFrame(() => requestAnimationFrame(item.run));
  };
  const onKey = (event: KeyboardEvent) => {
    const last = items.length - 1;
    const next = { ArrowDown: active >= last ? 0 : active + 1, ArrowUp: active <= 0 ? last : active - 1 }[event.key];
    if (next !== undefined) setActive(next);
    else if (event.key === "Enter" && !event.isComposing) run(active);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog label={t("palette")} class="palette" onClose={onClose}>
      <input
        ref={input}
        type="text"
        role="combobox"
        class="wide-input"
        autofocus
        autocomplete="off"
        spellcheck={false}
        aria-label={t("palette")}
        aria-expanded="true"
        aria-controls={listId}
        aria-activedescendant={items.length === 0 ? undefined : idOf(active)}
        placeholder={t("paletteHint")}
        value={query}
        onKeyDown={onKey}
        onInput={(event) => {
          setQuery(event.currentTarget.value);
          setActive(0);
        }}
      />
      <div role="listbox" id={listId} aria-label={t("palette")} tabIndex={-1}>
        {items.map(({ id, label, hint, run: _ }, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above takes the keys
          <div
            key={id}
            id={idOf(index)}
            role="option"
            tabIndex={-1}
            aria-selected={index === active}
            onClick={() => run(index)}
            onMouseMove={() => setActive(index)}
          >
            <span>{label}</span> <span class="hint">{hint}</span>
          </div>
        ))}
      </div>
      {items.length === 0 && <p role="status">{t("paletteNone", query)}</p>}
    </Dialog>
  );
}
