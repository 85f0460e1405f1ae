// Saves the request by a name.
import { useState } from "preact/hooks";
import { t } from "../../i18n/index.ts";
import { savedRequests, saveRequest } from "../../state/saved.ts";
import { selected, selectedPath } from "../../state/services.ts";
import { Dialog } from "../../ui/dialog.tsx";

export function SaveDialog({ onClose }: { readonly onClose: () => void }) {
  const [name, setName] = useState(selected.value?.name ?? "");
  const replaces = savedRequests.value.some((one) => one.path === selectedPath.value && one.name === name.trim());
  return (
    <Dialog label={t("saveTitle")} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() === "") return;
          void saveRequest(name.trim());
          event.currentTarget.closest("dialog")?.close();
        }}
      >
        <label class="field">
          {t("name")}
          <input
            type="text"
            autocomplete="off"
            maxLength={200}
            autofocus
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        {replaces && <p class="hint">{t("saveReplaces")}</p>}
        <p class="hint">{t("saveHint")}</p>
        <button type="submit" class="primary" disabled={name.trim() === ""}>
          {t("save")}
        </button>
      </form>
    </Dialog>
  );
}
