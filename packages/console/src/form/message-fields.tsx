// The form of a message: a row for each field, and one for each oneof.
import type { DescField, DescOneof } from "@bufbuild/protobuf";
import { t } from "../i18n/index.ts";
import { withKey, withoutKeys } from "../json/edit.ts";
import { isObject } from "../json/parse.ts";
import { keyIn, oneofKey } from "../schema/check.ts";
import { commentOf } from "../schema/comments.ts";
import { defaultElement } from "../schema/defaults.ts";
import { idOf, type MessageFieldsProps } from "./context.ts";
import { Faults } from "./faults.tsx";
import { FieldRow } from "./field-row.tsx";
import { Rules } from "./rules.tsx";

export function MessageFields({ message, value, onChange, path }: MessageFieldsProps) {
  if (message.fields.length === 0) return <p class="hint">{t("noFields", message.typeName)}</p>;
  const rowOf = (field: DescField) => {
    const key = keyIn(value, field);
    return (
      <FieldRow
        key={field.number}
        field={field}
        value={isObject(value) ? value[key] : undefined}
        onChange={(item) => onChange(withKey(value, key, item))}
        path={[...path, key]}
      />
    );
  };
  return (
    <div class="fields">
      <Rules of={message} />
      {message.members.map((member) =>
        member.kind === "oneof" ? (
          <OneofRow key={member.name} oneof={member} value={value} onChange={onChange} path={path}>
            {rowOf}
          </OneofRow>
        ) : (
          rowOf(member)
        ),
      )}
    </div>
  );
}

interface OneofRowProps extends Omit<MessageFieldsProps, "message"> {
  readonly oneof: DescOneof;
  readonly children: (field: DescField) => preact.JSX.Element;
}

/** A choice of the fields of a oneof, and the one that is set. */
function OneofRow({ oneof, value, onChange, path, children }: OneofRowProps) {
  const present = (field: DescField) => isObject(value) && Object.hasOwn(value, keyIn(value, field));
  const chosen = oneof.fields.find(present);
  const own = [...path, oneofKey(oneof)];
  const id = idOf(own);
  const choose = (name: string) => {
    const rest = withoutKeys(value, new Set(oneof.fields.flatMap((field) => [field.jsonName, field.name])));
    const field = oneof.fields.find((one) => one.name === name);
    onChange(field === undefined ? rest : withKey(rest, field.jsonName, defaultElement(field)));
  };
  return (
    <fieldset class="oneof">
      <legend>
        {oneof.name} <span class="type">{t("oneof")}</span>
      </legend>
      {commentOf(oneof) !== "" && <p class="comment">{commentOf(oneof)}</p>}
      <Rules of={oneof} />
      <select
        id={id}
        aria-label={`${oneof.name}: ${t("oneof")}`}
        value={chosen?.name ?? ""}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        <option value="">{t("notSet")}</option>
        {oneof.fields.map(({ name }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <Faults path={own} />
      {oneof.fields.filter(present).map(children)}
    </fieldset>
  );
}
