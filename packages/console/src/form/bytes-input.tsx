// The control for bytes: as text, as hex, as base64, or from a file.
import { useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { fromBase64, fromHex, toBase64, toHex, toText } from "../json/bytes.ts";
import type { JsonValue } from "../json/parse.ts";
import type { ControlProps } from "./context.ts";

type Encoding = "text" | "hex" | "base64";

const read: Readonly<Record<Encoding, (text: string) => string>> = {
  text: (text) => toBase64(new TextEncoder().encode(text)),
  hex: (text) => toBase64(fromHex(text)),
  base64: (text) => text,
};

/** The value in an encoding. `undefined` if it has no such form. */
function show(value: JsonValue | undefined, encoding: Encoding): string | undefined {
  if (typeof value !== "string") return value === undefined || value === null ? "" : JSON.stringify(value);
  if (encoding === "base64") return value;
  try {
    const bytes = fromBase64(value);
    return encoding === "hex" ? toHex(bytes) : toText(bytes);
  } catch {
    return undefined;
  }
}

export function BytesInput({ id, value, onChange, label, describedBy, invalid }: ControlProps) {
  const [wanted, setEncoding] = useState<Encoding>("text");
  /** What the reader types while it is not valid hex, and the value that it stands beside. */
  const [draft, setDraft] = useState<{ readonly text: string; readonly value: JsonValue | undefined }>();
  const shown = show(value, wanted);
  // Bytes that are not text are shown as base64.
  const encoding = shown === undefined ? "base64" : wanted;
  const isDraft = draft !== undefined && draft.value === value;
  const input = (text: string) => {
    try {
      const base64 = read[encoding](text);
      setDraft(encoding === "hex" ? { text, value: base64 } : undefined);
      onChange(base64);
    } catch {
      setDraft({ text, value });
    }
  };
  const isBad = isDraft && encoding === "hex" && !/^(?:\s*[0-9a-f]\s*[0-9a-f]\s*)*$/i.test(draft.text);
  return (
    <div class="bytes">
      <input
        id={id}
        type="text"
        autocomplete="off"
        spellcheck={false}
        value={isDraft ? draft.text : (shown ?? show(value, "base64") ?? "")}
        placeholder={value === undefined ? t("notSet") : ""}
        aria-label={label}
        aria-describedby={describedBy}
        aria-invalid={invalid || isBad}
        onInput={(event) => input(event.currentTarget.value)}
      />
      <select aria-label={t("encoding")} value={encoding} onChange={(event) => setEncoding(event.currentTarget.value as Encoding)}>
        <option value="text">{t("encodingText")}</option>
        <option value="hex">{t("encodingHex")}</option>
        <option value="base64">{t("encodingBase64")}</option>
      </select>
      <label class="button">
        {t("file")}
        <input
          type="file"
          class="visually-hidden"
          onChange={async (event) => {
            const [file] = event.currentTarget.files ?? [];
            if (file !== undefined) onChange(toBase64(new Uint8Array(await file.arrayBuffer())));
          }}
        />
      </label>
      {isBad && <p class="fault">{t("badHex")}</p>}
    </div>
  );
}
