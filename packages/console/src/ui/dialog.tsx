// A modal dialog: https://www.w3.org/WAI/ARIA/apg/patterns/dialog-modal/
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { t } from "../i18n/index.ts";

export interface DialogProps {
  readonly label: string;
  readonly class?: string;
  /** Called once it has closed: by its button, by Escape, or by a click beside it. */
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

export function Dialog({ label, class: className = "", onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const isPressedBeside = useRef(false);
  const id = useId();
  useEffect(() => dialog.current?.showModal(), []);
  const close = () => dialog.current?.close();
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the browser closes it by Escape
    <dialog
      ref={dialog}
      class={className}
      aria-labelledby={id}
      onClose={onClose}
      onPointerDown={(event) => {
        isPressedBeside.current = event.target === dialog.current;
      }}
      onClick={(event) => {
        // A click on the dialog itself, rather than on its content, is beside it. A selection may end there.
        if (event.target === dialog.current && isPressedBeside.current) close();
      }}
    >
      <div class="dialog-content">
        <div class="bar">
          <h2 id={id}>{label}</h2>
          <button type="button" class="quiet" aria-label={t("close")} onClick={close}>
            ×
          </button>
        </div>
        {children}
      </div>
    </dialog>
  );
}
