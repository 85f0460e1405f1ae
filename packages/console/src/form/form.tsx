// The form of a message, made from its descriptor. It shows and changes a value in JSON.
import type { Registry } from "@bufbuild/protobuf";
import { useLayoutEffect, useMemo } from "preact/hooks";
import type { Fault, Path } from "../schema/check.ts";
import { FormContext, type FormContextValue, faultsByPath, idOf, type MessageFieldsProps } from "./context.ts";
import { Faults } from "./faults.tsx";
import { MessageFields } from "./message-fields.tsx";
import { MessageValue } from "./message-value.tsx";
import "./form.css";

export interface FormProps extends Omit<MessageFieldsProps, "path"> {
  readonly registry: Registry | undefined;
  readonly faults: readonly Fault[];
  readonly rulesOf?: FormContextValue["rulesOf"] | undefined;
  /** The path of the value that gets the focus. The form then calls `goTo` with `undefined`. */
  readonly target: Path | undefined;
  readonly goTo: FormContextValue["goTo"];
}

/** Moves the focus to the control for a value, or else to the one for the innermost value around it that has one. */
function focusOn(path: Path): void {
  for (let length = path.length; length >= 0; length--) {
    const element = document.getElementById(idOf(path.slice(0, length)));
    const control = element?.matches(controls) ? element : element?.querySelector<HTMLElement>(controls);
    if (control === null || control === undefined) continue;
    control.focus();
    control.scrollIntoView({ block: "center" });
    return;
  }
}

const controls = "input, select, textarea, button";

const noRules = () => [];

export function Form({ message, value, onChange, registry, faults, rulesOf = noRules, target, goTo }: FormProps) {
  const context = useMemo(
    () => ({ registry, faults: faultsByPath(faults), rulesOf, target, goTo, MessageFields, MessageValue }),
    [registry, faults, rulesOf, target, goTo],
  );
  useLayoutEffect(() => {
    if (target === undefined) return;
    goTo(undefined);
    focusOn(target);
  }, [target, goTo]);
  return (
    <FormContext.Provider value={context}>
      <Faults path={[]} />
      <MessageValue id={idOf([])} message={message} value={value} path={[]} onChange={(changed) => onChange(changed ?? {})} />
    </FormContext.Provider>
  );
}
