// An input with its label and its fault.
import { useId } from "preact/hooks";
import { type ShopKey, tsh } from "./texts.ts";

export interface InputProps {
  readonly label: ShopKey;
  readonly value: string;
  readonly onInput: (value: string) => void;
  /** Empty if the value is valid. */
  readonly fault: string;
  readonly isNumber?: boolean;
  readonly hint?: string;
}

export function Input({ label, value, onInput, fault, isNumber = false, hint = "" }: InputProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{tsh(label)}</label>
      <input
        id={id}
        type="text"
        inputMode={isNumber ? "decimal" : "text"}
        autocomplete="off"
        spellcheck={false}
        value={value}
        aria-invalid={fault !== ""}
        aria-describedby={`${id}-more`}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      <span id={`${id}-more`}>
        {hint !== "" && <span class="hint">{hint}</span>}
        {fault !== "" && <span class="fault">{fault}</span>}
      </span>
    </div>
  );
}

/** Whether a text is a positive int32. */
export function isId(text: string): boolean {
  return /^[1-9]\d{0,9}$/.test(text) && Number(text) <= 2_147_483_647;
}
