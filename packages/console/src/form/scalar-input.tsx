// The controls for scalar values: text, number, boolean.
import type { ScalarType } from "@bufbuild/protobuf";
import { t } from "../i18n/index.ts";
import { printScalar } from "../json/edit.ts";
import type { JsonValue } from "../json/parse.ts";
import { is64Bit, scalarKind } from "../schema/scalars.ts";
import { BytesInput } from "./bytes-input.tsx";
import type { ControlProps } from "./context.ts";

export interface ScalarInputProps extends ControlProps {
  readonly type: ScalarType;
}

export function ScalarInput({ type, ...control }: ScalarInputProps) {
  switch (scalarKind(type)) {
    case "bool":
      return <BoolInput {...control} />;
    case "bytes":
      return <BytesInput {...control} />;
    case "string":
      return <TextInput {...control} />;
    default:
      return <NumberInput {...control} asText={is64Bit(type)} />;
  }
}

function shown(value: JsonValue | undefined): string {
  return value === undefined || value === null ? "" : typeof value === "string" ? value : printScalar(value);
}

function TextInput({ id, value, onChange, label, describedBy, invalid }: ControlProps) {
  const text = shown(value);
  const common = { id, value: text, "aria-label": label, "aria-describedby": describedBy, "aria-invalid": invalid, spellcheck: false };
  // A line of input would drop line breaks.
  return text.includes("\n") || text.length > 120 ? (
    <textarea {...common} rows={4} onInput={(event) => onChange(event.currentTarget.value)} />
  ) : (
    <input
      {...common}
      type="text"
      placeholder={value === undefined ? t("notSet") : ""}
      autocomplete="off"
      onInput={(event) => onChange(event.currentTarget.value)}
      onPaste={(event) => {
        const pasted = event.clipboardData?.getData("text") ?? "";
        if (!pasted.includes("\n") || text !== "") return;
        event.preventDefault();
        onChange(pasted);
      }}
    />
  );
}

/** The value stays a text while it is not the usual form of a number, such as `1.` on the way to `1.5`. */
function NumberInput({ id, value, onChange, label, describedBy, invalid, asText }: ControlProps & { readonly asText: boolean }) {
  const read = (text: string): JsonValue | undefined => {
    if (text === "") return undefined;
    return !asText && printScalar(Number(text)) === text && Number.isFinite(Number(text)) ? Number(text) : text;
  };
  return (
    <input
      id={id}
      type="text"
      inputMode="text"
      autocomplete="off"
      class="number"
      value={shown(value)}
      placeholder={t("notSet")}
      aria-label={label}
      aria-describedby={describedBy}
      aria-invalid={invalid}
      onInput={(event) => onChange(read(event.currentTarget.value))}
      onBlur={(event) => {
        const text = event.currentTarget.value;
        if (!asText && typeof value === "string" && isPlain(text)) onChange(Number(text));
      }}
    />
  );
}

/** Whether a text such as `1.` or `007` is a number that keeps all of its digits. */
function isPlain(text: string): boolean {
  return /^-?\d*\.?\d*$/.test(text) && /\d/.test(text) && text.replace(/\D/g, "").replace(/^0+/, "").length <= 15;
}

function BoolInput({ id, value, onChange, label, describedBy, invalid }: ControlProps) {
  return (
    <select
      id={id}
      value={shown(value)}
      aria-label={label}
      aria-describedby={describedBy}
      aria-invalid={invalid}
      onChange={(event) => {
        const text = event.currentTarget.value;
        onChange(text === "" ? undefined : text === "true");
      }}
    >
      <option value="">{t("notSet")}</option>
      <option value="false">false</option>
      <option value="true">true</option>
      {value !== undefined && typeof value !== "boolean" && <option value={shown(value)}>{shown(value)}</option>}
    </select>
  );
}
