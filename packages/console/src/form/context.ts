// What all parts of a form know: the types, and the faults by path.
import type { DescField, DescMessage, DescOneof, Registry } from "@bufbuild/protobuf";
import { createContext, type FunctionComponent } from "preact";
import { useContext } from "preact/hooks";
import type { JsonValue } from "../json/parse.ts";
import type { Rule } from "../rules/words.ts";
import type { Fault, Path } from "../schema/check.ts";

/** The properties of a control for a value. */
export interface ControlProps {
  readonly id: string;
  readonly value: JsonValue | undefined;
  /** `undefined` removes the value. */
  readonly onChange: (value: JsonValue | undefined) => void;
  /** The name, for a control without a label element. */
  readonly label?: string | undefined;
  readonly describedBy?: string | undefined;
  readonly invalid?: boolean | undefined;
}

export interface MessageFieldsProps {
  readonly message: DescMessage;
  readonly value: JsonValue | undefined;
  readonly onChange: (value: JsonValue) => void;
  readonly path: Path;
}

export interface MessageValueProps extends ControlProps {
  readonly message: DescMessage;
  readonly path: Path;
}

export interface FieldProps {
  readonly field: DescField;
  readonly value: JsonValue | undefined;
  readonly onChange: (value: JsonValue | undefined) => void;
  readonly path: Path;
}

export interface FormContextValue {
  readonly registry: Registry | undefined;
  readonly faults: ReadonlyMap<string, readonly Fault[]>;
  /** The rules of buf.validate, as far as they are loaded. */
  readonly rulesOf: (desc: DescField | DescMessage | DescOneof) => readonly Rule[];
  /** The path of the value that is to get the focus. */
  readonly target: Path | undefined;
  readonly goTo: (path: Path | undefined) => void;
  /** The forms of messages. They contain forms of fields, which contain forms of messages. */
  readonly MessageFields: FunctionComponent<MessageFieldsProps>;
  readonly MessageValue: FunctionComponent<MessageValueProps>;
}

export const FormContext = createContext<FormContextValue | undefined>(undefined);

/** @throws Error outside of a form. */
export function useForm(): FormContextValue {
  const form = useContext(FormContext);
  if (form === undefined) throw new Error("the control is outside of a form");
  return form;
}

/** A path as a key of `faults`, and a part of the ids of elements. */
export function keyOf(path: Path): string {
  return JSON.stringify(path);
}

export function faultsByPath(faults: readonly Fault[]): ReadonlyMap<string, readonly Fault[]> {
  return Map.groupBy(faults, ({ path }) => keyOf(path));
}

/** The id of the control for a value. */
export function idOf(path: Path): string {
  return `field-${path.map((part) => encodeURIComponent(String(part))).join("/")}`;
}
