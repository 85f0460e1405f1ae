// The dialog that is open, once its code is loaded.
import { signal } from "@preact/signals";
import type { FunctionComponent } from "preact";
import { useEffect } from "preact/hooks";
import { type DialogState, dialog } from "../state/dialogs.ts";

const loaded = signal<FunctionComponent<{ readonly state: DialogState }> | undefined>(undefined);

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
    if (state !== undefined) void load();
  }, [state]);
  const Open = loaded.value;
  return state === undefined || Open === undefined ? null : <Open key={state.kind} state={state} />;
}
