const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "permission denied",
  EISDIR: "it is a folder",
};

/** Returns a message for users: `cannot read users.json: there is no such file`. */
export function fileProblem(file: string, error: unknown): string {
  const { code = "", message } = error as NodeJS.ErrnoException;
  return `cannot read ${file}: ${reasons[code] ?? (code || message)}`;
}
