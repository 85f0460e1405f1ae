// The dialog that is open, once its code is loaded.
import { signal } from "@preact/signals";
import type { FunctionComponent } from "preact";
import { useEffect } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { closeDialog, type DialogState, dialog } from "../state/dialogs.ts";

const loaded = signal<FunctionComponent<{ readonly state: DialogState }> | undefined>(undefined);

/** Why the code could not be loaded. */
const failure = signal<string | undefined>(undefined);

async function load(): Promise<void> {
  loaded.value ??= (await import("./daily/index.tsx")).OpenDialog;
}

export function Dialogs() {
  const state = dialog.value;
  useEffect(() => {
    // The first view comes first.
    const timer = setTimeout(() => void load().catch(() => {}), 500);
    return () => clearTimeout(timer);
  }, []);
  useEffect(() => {
    if (state === undefined) return;
    failure.value = undefined;
    load().catch((error: unknown) => {
      failure.value = error instanceof Error ? error.message : String(error);
      closeDialog();
    });
  }, [state]);
  const Open = loaded.value;
  if (failure.value !== undefined) {
    return (
      <p class="fault load-failed" role="alert">
        {t("dialogFailed", failure.value)}
      </p>
    );
  }
  return state === undefined || Open === undefined ? null : <Open key={state.kind} state={state} />;
}
