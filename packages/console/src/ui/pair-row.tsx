// A row of a name, its value and a button that removes it, with the fault below.
import type { ComponentChildren } from "preact";

export interface Cell {
  readonly label: string;
  readonly placeholder?: string;
  readonly value: string;
  readonly isInvalid: boolean;
  /** Whether it shows its text only while it has the focus. */
  readonly isSecret?: boolean;
  readonly onInput: (value: string) => void;
}

export interface PairRowProps {
  readonly name: Cell;
  readonly value: Cell;
  readonly removeLabel: string;
  readonly onRemove: () => void;
  readonly fault: string | undefined;
  /** What stands between the value and the button. */
  readonly children?: ComponentChildren;
}

export function PairRow({ name, value, removeLabel, onRemove, fault, children }: PairRowProps) {
  return (
    <div class="pair">
      <div class="row">
        <CellInput {...name} />
        <CellInput {...value} isWide />
        {children}
        <button type="button" class="quiet" aria-label={removeLabel} onClick={onRemove}>
          ×
        </button>
      </div>
      {fault !== undefined && <p class="fault">{fault}</p>}
    </div>
  );
}

function CellInput({ label, placeholder, value, isInvalid, isSecret, onInput, isWide }: Cell & { readonly isWide?: boolean }) {
  return (
    <input
      type="text"
      class={["cell", isWide === true && "grow", isSecret === true && "secret"].filter(Boolean).join(" ")}
      autocomplete="off"
      spellcheck={false}
      aria-label={label}
      placeholder={placeholder ?? label}
      value={value}
      aria-invalid={isInvalid}
      onInput={(event) => onInput(event.currentTarget.value)}
    />
  );
}
