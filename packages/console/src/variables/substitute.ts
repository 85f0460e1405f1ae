// Variables in texts: `{{name}}` stands for the value of a variable, `\{{` for `{{`.

/** Values by name. */
export type Values = ReadonlyMap<string, string>;

/** The form of a name. */
export const variableName = /^[A-Za-z_][\w.-]{0,63}$/;

const reference = /\\\{\{|\{\{\s*([A-Za-z_][\w.-]{0,63})\s*\}\}/g;
const wholeReference = /^\{\{\s*([A-Za-z_][\w.-]{0,63})\s*\}\}$/;

export interface Substituted {
  readonly text: string;
  /** The names that have no value. They stay in the text. */
  readonly unknown: readonly string[];
}

/** Replaces the variables of a text. A value is not looked at again. */
export function substitute(text: string, values: Values): Substituted {
  const unknown: string[] = [];
  const replaced = text.replace(reference, (all: string, name: string | undefined) => {
    if (name === undefined) return "{{";
    const value = values.get(name);
    if (value === undefined) unknown.push(name);
    return value ?? all;
  });
  return { text: replaced, unknown };
}

/** Whether a credential itself is in a text, rather than variables that stand for it, perhaps after a scheme: `Bearer {{token}}`. */
export function hasLiteral(text: string): boolean {
  const rest = text.replace(reference, (all: string, name: string | undefined) => (name === undefined ? all : " "));
  return /[^\s:;,=-]/.test(text === rest ? rest : rest.replace(/^\s*[A-Za-z]+\s/, ""));
}

/** The name, if a text is one variable and nothing else. */
export function wholeVariable(text: string): string | undefined {
  return wholeReference.exec(text)?.[1];
}
