// The form of a message, made from its descriptor. It shows and changes a value in JSON.
import type { Registry } from "@bufbuild/protobuf";
import { useMemo } from "preact/hooks";
import type { Fault } from "../schema/check.ts";
import { FormContext, faultsByPath, type MessageFieldsProps } from "./context.ts";
import { MessageFields } from "./message-fields.tsx";
import { MessageValue } from "./message-value.tsx";

export interface FormProps extends Omit<MessageFieldsProps, "path"> {
  readonly registry: Registry | undefined;
  readonly faults: readonly Fault[];
}

export function Form({ message, value, onChange, registry, faults }: FormProps) {
  const context = useMemo(() => ({ registry, faults: faultsByPath(faults), MessageFields, MessageValue }), [registry, faults]);
  return (
    <FormContext.Provider value={context}>
      <MessageValue id="field-request" message={message} value={value} path={[]} onChange={(changed) => onChange(changed ?? {})} />
    </FormContext.Provider>
  );
}
