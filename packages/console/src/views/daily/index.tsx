// The dialogs, which the page loads after its first view.
import "./daily.css";
import { closeDialog, type DialogState } from "../../state/dialogs.ts";
import { CompareDialog } from "./compare-dialog.tsx";
import { CopyDialog } from "./copy-dialog.tsx";
import { EnvironmentsDialog } from "./environments-dialog.tsx";
import { HelpDialog } from "./help-dialog.tsx";
import { HistoryDialog } from "./history-dialog.tsx";
import { PaletteDialog } from "./palette-dialog.tsx";
import { SaveDialog } from "./save-dialog.tsx";
import { ShareDialog } from "./share-dialog.tsx";

export function OpenDialog({ state }: { readonly state: DialogState }) {
  switch (state.kind) {
    case "palette":
      return <PaletteDialog onClose={closeDialog} />;
    case "help":
      return <HelpDialog onClose={closeDialog} />;
    case "history":
      return <HistoryDialog onClose={closeDialog} />;
    case "environments":
      return <EnvironmentsDialog onClose={closeDialog} />;
    case "share":
      return <ShareDialog onClose={closeDialog} />;
    case "copy":
      return <CopyDialog onClose={closeDialog} />;
    case "save":
      return <SaveDialog onClose={closeDialog} />;
    case "compare":
      return <CompareDialog before={state.before} after={state.after} onClose={closeDialog} />;
  }
}
