// The shortcuts of the keyboard.
import { type Key, t } from "../../i18n/index.ts";
import { singleKeys } from "../../state/settings.ts";
import { Dialog } from "../../ui/dialog.tsx";

const shortcuts: readonly (readonly [keys: string, text: Key])[] = [
  ["Ctrl+K", "palette"],
  ["Ctrl+Enter", "shortcutCall"],
  ["Ctrl+S", "saveTitle"],
  ["/", "search"],
  ["?", "help"],
  ["Escape", "shortcutEscape"],
  ["↑ ↓", "shortcutArrows"],
];

export function HelpDialog({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog label={t("help")} onClose={onClose}>
      <dl>
        {shortcuts.map(([keys, text]) => (
          <>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{t(text)}</dd>
          </>
        ))}
      </dl>
      <label class="check">
        <input
          type="checkbox"
          checked={singleKeys.value}
          onChange={(event) => {
            singleKeys.value = event.currentTarget.checked;
          }}
        />{" "}
        {t("singleKeys")}
      </label>
    </Dialog>
  );
}
