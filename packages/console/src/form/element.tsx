// An item of a list, or a value of a map.
import type { DescField } from "@bufbuild/protobuf";
import { defaultElement } from "../schema/defaults.ts";
import { type ControlProps, type FieldProps, idOf, keyOf, useForm } from "./context.ts";
import { EnumInput } from "./enum-input.tsx";
import { Faults } from "./faults.tsx";
import { ScalarInput } from "./scalar-input.tsx";

export interface ElementProps extends FieldProps {
  readonly field: DescField & { readonly fieldKind: "list" | "map" };
  /** The name of the control. */
  readonly label: string;
}

export function Element({ field, value = defaultElement(field), onChange, path, label }: ElementProps) {
  const { faults, MessageValue } = useForm();
  const id = idOf(path);
  const control: ControlProps = { id, label, value, onChange, invalid: faults.has(keyOf(path)) };
  return (
    <div class="element">
      {field.message !== undefined ? (
        <MessageValue message={field.message} path={path} {...control} />
      ) : field.enum !== undefined ? (
        <EnumInput desc={field.enum} {...control} />
      ) : (
        field.scalar !== undefined && <ScalarInput type={field.scalar} {...control} />
      )}
      <Faults path={path} />
    </div>
  );
}
