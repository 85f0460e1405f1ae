// A field of a form: its name, type, comment and faults, and its control.
import { t } from "../i18n/index.ts";
import { commentOf } from "../schema/comments.ts";
import { defaultMessage } from "../schema/defaults.ts";
import { rangeText, typeName } from "../schema/scalars.ts";
import { type ControlProps, type FieldProps, idOf, keyOf, useForm } from "./context.ts";
import { EnumInput } from "./enum-input.tsx";
import { Faults } from "./faults.tsx";
import { ListForm } from "./list-form.tsx";
import { MapForm } from "./map-form.tsx";
import { Rules } from "./rules.tsx";
import { ScalarInput } from "./scalar-input.tsx";
import { hasTextForm } from "./well-known.tsx";

export function FieldRow({ field, value, onChange, path }: FieldProps) {
  const id = idOf(path);
  const comment = commentOf(field);
  const range = field.fieldKind === "scalar" ? rangeText(field.scalar) : "";
  // A list and a map have controls of their own for each element.
  const isGroup = field.fieldKind === "list" || field.fieldKind === "map" || (field.fieldKind === "message" && !hasTextForm(field.message));
  const name = (
    <>
      {field.name} <span class="type">{typeName(field)}</span>
      {range !== "" && <span class="type"> {range}</span>}
      {field.deprecated && <span class="badge">{t("deprecated")}</span>}
    </>
  );
  const body = (
    <>
      {comment !== "" && (
        <p class="comment" id={`${id}-comment`}>
          {comment}
        </p>
      )}
      <Rules of={field} id={`${id}-rules`} />
      <FieldControl field={field} value={value} onChange={onChange} path={path} />
      <Faults path={path} />
    </>
  );
  return isGroup ? (
    <fieldset class="field">
      <legend>{name}</legend>
      {body}
    </fieldset>
  ) : (
    <div class="field">
      <label for={id}>{name}</label>
      {body}
    </div>
  );
}

function FieldControl({ field, value, onChange, path }: FieldProps) {
  const { faults, rulesOf, MessageValue } = useForm();
  const id = idOf(path);
  const invalid = faults.has(keyOf(path));
  const describedBy =
    [commentOf(field) !== "" && `${id}-comment`, rulesOf(field).length > 0 && `${id}-rules`, invalid && `${id}-fault`]
      .filter(Boolean)
      .join(" ") || undefined;
  const control: ControlProps = { id, value, onChange, describedBy, invalid };
  switch (field.fieldKind) {
    case "scalar":
      return <ScalarInput type={field.scalar} {...control} />;
    case "enum":
      return <EnumInput desc={field.enum} {...control} />;
    case "list":
      return <ListForm field={field} value={value} onChange={onChange} path={path} />;
    case "map":
      return <MapForm field={field} value={value} onChange={onChange} path={path} />;
    case "message":
      if (hasTextForm(field.message)) return <MessageValue message={field.message} path={path} {...control} />;
      if (value === undefined) {
        return (
          <button type="button" id={id} onClick={() => onChange(defaultMessage(field.message))}>
            {t("addMessage")} <span class="visually-hidden">{field.name}</span>
          </button>
        );
      }
      return (
        <>
          <MessageValue message={field.message} path={path} label={field.name} {...control} />
          <button type="button" class="quiet" onClick={() => onChange(undefined)}>
            {t("clear")} <span class="visually-hidden">{field.name}</span>
          </button>
        </>
      );
  }
}
