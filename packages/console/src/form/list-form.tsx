// The form of a repeated field.
import type { DescField } from "@bufbuild/protobuf";
import { t } from "../i18n/index.ts";
import { withItem, withoutItem } from "../json/edit.ts";
import { isArray } from "../json/parse.ts";
import { defaultElement } from "../schema/defaults.ts";
import type { FieldProps } from "./context.ts";
import { Element } from "./element.tsx";

/** Items beyond these are edited in JSON: a form of thousands of controls is slow. */
const maxItems = 100;

export function ListForm({ field, value, onChange, path }: FieldProps & { readonly field: DescField & { readonly fieldKind: "list" } }) {
  const items = isArray(value) ? value : [];
  return (
    <div class="list">
      {items.slice(0, maxItems).map((item, index) => (
        <div class="item" key={index}>
          <Element
            field={field}
            value={item}
            label={`${field.name} ${index + 1}`}
            path={[...path, index]}
            onChange={(changed) => onChange(withItem(items, index, changed ?? defaultElement(field)))}
          />
          <button
            type="button"
            class="quiet"
            aria-label={t("removeOf", `${field.name} ${index + 1}`)}
            onClick={() => onChange(items.length === 1 ? undefined : withoutItem(items, index))}
          >
            ×
          </button>
        </div>
      ))}
      {items.length > maxItems && <p class="hint">{t("shownOf", maxItems, items.length)}</p>}
      <button type="button" onClick={() => onChange([...items, defaultElement(field)])}>
        {t("addItem")} <span class="visually-hidden">{field.name}</span>
      </button>
    </div>
  );
}
