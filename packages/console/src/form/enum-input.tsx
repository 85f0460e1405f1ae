// The control for an enum: its names, with their comments as titles.
import type { DescEnum } from "@bufbuild/protobuf";
import { t } from "../i18n/index.ts";
import { commentOf } from "../schema/comments.ts";
import type { ControlProps } from "./context.ts";

export function EnumInput({ desc, id, value, onChange, label, describedBy, invalid }: ControlProps & { readonly desc: DescEnum }) {
  const text = value === undefined || value === null ? "" : String(typeof value === "number" ? (desc.value[value]?.name ?? value) : value);
  const isKnown = text === "" || desc.values.some(({ name }) => name === text);
  return (
    <select
      id={id}
      value={text}
      aria-label={label}
      aria-describedby={describedBy}
      aria-invalid={invalid}
      onChange={(event) => onChange(event.currentTarget.value === "" ? undefined : event.currentTarget.value)}
    >
      <option value="">{t("notSet")}</option>
      {desc.values.map((one) => (
        <option key={one.name} value={one.name} title={commentOf(one)}>
          {one.name}
        </option>
      ))}
      {!isKnown && <option value={text}>{text}</option>}
    </select>
  );
}
