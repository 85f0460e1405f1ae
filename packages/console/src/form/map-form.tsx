// The form of a map.
import type { DescField } from "@bufbuild/protobuf";
import { useRef, useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { withKey, withRenamedKey } from "../json/edit.ts";
import { isObject } from "../json/parse.ts";
import { checkMapKey } from "../schema/check.ts";
import { defaultElement, defaultScalar } from "../schema/defaults.ts";
import { type FieldProps, idOf } from "./context.ts";
import { Element } from "./element.tsx";
import { Pager } from "./pager.tsx";
import { usePage } from "./use-page.ts";

type MapField = DescField & { readonly fieldKind: "map" };

export function MapForm({ field, value, onChange, path }: FieldProps & { readonly field: MapField }) {
  const map = isObject(value) ? value : {};
  const keys = Object.keys(map);
  const ids = useEntryIds(keys);
  const page = usePage(keys.length, path, (part) => keys.indexOf(String(part)));
  return (
    <div class="list" id={idOf(path)}>
      <Pager page={page} name={field.name} pathOf={(index) => [...path, keys[index] ?? ""]} />
      {keys.slice(page.from, page.to).map((key) => (
        <div class="item" key={ids.of(key)}>
          <MapKey
            field={field}
            name={key}
            isTaken={(name) => Object.hasOwn(map, name)}
            onRename={(name) => {
              ids.rename(key, name);
              onChange(withRenamedKey(map, key, name));
            }}
          />
          <Element
            field={field}
            value={map[key]}
            label={`${field.name} ${key}`}
            path={[...path, key]}
            onChange={(changed) => onChange(withKey(map, key, changed ?? defaultElement(field)))}
          />
          <button
            type="button"
            class="quiet"
            aria-label={t("removeOf", `${field.name} ${key}`)}
            onClick={() => onChange(keys.length === 1 ? undefined : withKey(map, key, undefined))}
          >
            ×
          </button>
        </div>
      ))}
      <button
        type="button"
        onClick={() => {
          const key = newKey(field, new Set(keys));
          const changed = withKey(map, key, defaultElement(field));
          onChange(changed);
          // Objects have keys that are numbers in their order, before others.
          page.show((isObject(changed) ? Object.keys(changed) : []).indexOf(key));
        }}
      >
        {t("addEntry")} <span class="visually-hidden">{field.name}</span>
      </button>
    </div>
  );
}

/** Identifies entries by numbers, so that an entry keeps its controls, and the focus, when its key changes. */
function useEntryIds(keys: readonly string[]) {
  const last = useRef(0);
  const ids = useRef(new Map<string, number>());
  ids.current = new Map(keys.map((key) => [key, ids.current.get(key) ?? ++last.current]));
  return {
    of: (key: string) => ids.current.get(key),
    rename(key: string, name: string) {
      const id = ids.current.get(key);
      ids.current.delete(key);
      if (id !== undefined) ids.current.set(name, id);
    },
  };
}

interface MapKeyProps {
  readonly field: MapField;
  readonly name: string;
  readonly isTaken: (name: string) => boolean;
  readonly onRename: (name: string) => void;
}

/** The key takes effect once the reader leaves the control: two entries may have the same key on the way. */
function MapKey({ field, name, isTaken, onRename }: MapKeyProps) {
  const [draft, setDraft] = useState(name);
  const isTwice = draft !== name && isTaken(draft);
  const fault = isTwice ? t("duplicateKey", draft) : faultText(field, draft);
  return (
    <div class="map-key">
      <input
        type="text"
        autocomplete="off"
        aria-label={`${field.name} ${t("key")} ${name}`}
        value={draft}
        placeholder={t("key")}
        aria-invalid={fault !== ""}
        onInput={(event) => setDraft(event.currentTarget.value)}
        onBlur={() => {
          if (draft !== name && fault === "") onRename(draft);
        }}
      />
      {fault !== "" && <p class="fault">{fault}</p>}
    </div>
  );
}

function faultText(field: MapField, key: string): string {
  const fault = checkMapKey(field.mapKey, key);
  return fault === undefined ? "" : t("keyInvalid", key, t(fault.key, ...fault.values));
}

/** A key that the map does not have yet. */
function newKey(field: MapField, keys: ReadonlySet<string>): string {
  const first = defaultScalar(field.mapKey);
  if (typeof first === "boolean") return keys.has("false") ? "true" : "false";
  const isText = first === "";
  for (let number = isText ? 1 : 0; ; number++) {
    const key = isText ? `key${number}` : String(number);
    if (!keys.has(key)) return key;
  }
}
