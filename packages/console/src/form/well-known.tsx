// The controls for messages with a JSON form of their own.
import type { DescMessage } from "@bufbuild/protobuf";
import { useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { parseSource, print, withKey } from "../json/edit.ts";
import { isObject, type JsonValue } from "../json/parse.ts";
import { hasJsonForm, type Path } from "../schema/check.ts";
import { defaultMessage } from "../schema/defaults.ts";
import { type ControlProps, useForm } from "./context.ts";

const placeholders: Readonly<Record<string, string>> = {
  "google.protobuf.Timestamp": "2026-01-31T12:00:00Z",
  "google.protobuf.Duration": "1.5s",
  "google.protobuf.FieldMask": "a,b.c",
};

/** Whether the JSON form is a text. */
export function hasTextForm({ typeName }: DescMessage): boolean {
  return Object.hasOwn(placeholders, typeName);
}

export function TextForm({ message, id, value, onChange, label, describedBy, invalid }: ControlProps & { readonly message: DescMessage }) {
  return (
    <div class="row">
      <input
        id={id}
        type="text"
        autocomplete="off"
        value={value === undefined || value === null ? "" : String(value)}
        placeholder={placeholders[message.typeName] ?? ""}
        aria-label={label}
        aria-describedby={describedBy}
        aria-invalid={invalid}
        onInput={(event) =>
          onChange(
            event.currentTarget.value === "" && message.typeName !== "google.protobuf.FieldMask" ? undefined : event.currentTarget.value,
          )
        }
      />
      {message.typeName === "google.protobuf.Timestamp" && (
        <button type="button" onClick={() => onChange(new Date().toISOString())}>
          {t("now")}
        </button>
      )}
    </div>
  );
}

/** Free JSON, for `google.protobuf.Struct`, `Value` and `ListValue`. */
export function JsonForm({ id, value, onChange, label, describedBy, invalid }: ControlProps) {
  const [draft, setDraft] = useState<{ readonly text: string; readonly value: JsonValue | undefined }>();
  // The text of the reader stays while it is this value.
  const isDraft = draft !== undefined && printed(draft.value) === printed(value);
  const parse = (text: string): JsonValue | undefined => {
    try {
      const { value } = parseSource(text);
      // A number here is a double, whatever its digits. Strings are other values.
      return typeof value === "string" && !text.trim().startsWith('"') ? Number(value) : value;
    } catch {
      return undefined;
    }
  };
  const isBad = isDraft && parse(draft.text) === undefined;
  return (
    <>
      <textarea
        id={id}
        rows={3}
        spellcheck={false}
        class="code"
        aria-label={label}
        value={isDraft ? draft.text : printed(value)}
        aria-describedby={describedBy}
        aria-invalid={invalid || isBad}
        onInput={(event) => {
          const text = event.currentTarget.value;
          const parsed = parse(text);
          setDraft({ text, value: parsed ?? value });
          if (parsed !== undefined) onChange(parsed);
        }}
      />
      {isBad && <p class="fault">{t("invalidJson")}</p>}
    </>
  );
}

function printed(value: JsonValue | undefined): string {
  return value === undefined ? "" : print(value);
}

const prefix = "type.googleapis.com/";

/** A `google.protobuf.Any`: its type, and the form of that. */
export function AnyForm({ id, value, onChange, path, label, describedBy, invalid }: ControlProps & { readonly path: Path }) {
  const { registry, MessageFields, MessageValue } = useForm();
  const type = isObject(value) && typeof value["@type"] === "string" ? value["@type"] : "";
  const name = type.slice(type.lastIndexOf("/") + 1);
  const message = registry?.getMessage(name);
  const names = registry === undefined ? [] : [...registry].filter(({ kind }) => kind === "message").map(({ typeName }) => typeName);
  const setType = (text: string) => {
    const typeUrl = text === "" || text.includes("/") ? text : `${prefix}${text}`;
    const known = registry?.getMessage(text.slice(text.lastIndexOf("/") + 1));
    onChange(known !== undefined && hasJsonForm(known) ? { "@type": typeUrl, value: defaultMessage(known) } : { "@type": typeUrl });
  };
  return (
    <div class="group">
      <input
        id={id}
        type="text"
        list={`${id}-types`}
        autocomplete="off"
        aria-label={label === undefined ? t("anyType") : `${label}: ${t("anyType")}`}
        placeholder={t("anyType")}
        value={type.startsWith(prefix) ? name : type}
        aria-describedby={describedBy}
        aria-invalid={invalid}
        onInput={(event) => setType(event.currentTarget.value)}
      />
      <datalist id={`${id}-types`}>
        {names.slice(0, 500).map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
      {message !== undefined &&
        (hasJsonForm(message) ? (
          <MessageValue
            message={message}
            id={`${id}-value`}
            label={label}
            path={[...path, "value"]}
            value={isObject(value) ? value["value"] : undefined}
            onChange={(inner) => onChange(withKey(value, "value", inner))}
          />
        ) : (
          <MessageFields message={message} value={value} onChange={onChange} path={path} />
        ))}
    </div>
  );
}
