// Options that do not exist. TypeScript finds them in literals; what comes by other ways would be dropped without a word, and may be what keeps callers away.

/** The names of options: all of them, as the type checker sees to. */
export type Names<Options> = { readonly [Name in keyof Options]-?: true };

/** @returns a TypeError that names the option that does not exist; undefined if all exist. */
export function unknownOption(where: string, options: object | undefined, names: object): TypeError | undefined {
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
