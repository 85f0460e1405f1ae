// Words of a POSIX shell.

/** A word that the shell passes on as it is: quoted, unless that changes nothing. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A command: an option and its value share a line. */
export function command(program: string, parts: readonly (readonly string[])[]): string {
  return [program, ...parts.map((words) => words.map(quoted).join(" "))].join(" \\\n  ");
}
