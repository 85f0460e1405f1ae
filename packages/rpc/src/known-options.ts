// Options that do not exist. TypeScript finds them in literals; what comes by other ways would be dropped without a word, and may be what keeps callers away.
import { inspect } from "node:util";

/** The names of options: all of them, as the type checker sees to. */
export type Names<Options> = { readonly [Name in keyof Options]-?: true };

/** @returns a TypeError if the options are no object, or one that names the option that does not exist; undefined if all exist. */
export function unknownOption(where: string, options: object | undefined, names: object): TypeError | undefined {
  if (options !== undefined && (typeof options !== "object" || options === null)) {
    return new TypeError(`${where} takes an object of options, got ${shown(options)}`);
  }
  for (const name in options) {
    if (!Object.hasOwn(names, name)) return new TypeError(`${where} has no option "${name}", but: ${Object.keys(names).join(", ")}`);
  }
  return undefined;
}

/** @throws TypeError that names the option that does not exist. */
export function refuseUnknown(where: string, options: object | undefined, names: object): void {
  const fault = unknownOption(where, options, names);
  if (fault !== undefined) throw fault;
}

/** @throws TypeError that names the option and its value, unless it is undefined or true or false. */
export function checkBoolean(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== "boolean") throw new TypeError(`${name} must be true or false, got ${shown(value)}`);
}

/** @throws TypeError that names the option and its value, unless it is undefined or a function. */
export function checkFunction(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== "function") throw new TypeError(`${name} must be a function, got ${shown(value)}`);
}

/** @throws TypeError that names the option and its value, unless it is undefined or an array of functions. */
export function checkFunctions(name: string, values: unknown): void {
  if (values === undefined) return;
  if (!Array.isArray(values)) throw new TypeError(`${name} must be an array, got ${shown(values)}`);
  for (const [index, value] of values.entries()) checkFunction(`${name}[${index}]`, value ?? null);
}

/** Without the fields of an object: one may be a secret. */
function shown(value: unknown): string {
  return inspect(value, { depth: -1 });
}
