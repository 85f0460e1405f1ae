// Environment variables in the values of a configuration.
const reference = /\$(?:\$|\{([^{}]*)\})/g;

/**
 * Replaces `${NAME}`, and `${NAME:-default}` for a variable that is unset or empty. `$$` stands for
 * `$`.
 *
 * @throws Error if a variable is unset and has no default, or a reference is malformed.
 */
export function expand(text: string, environment: Readonly<Record<string, string | undefined>>): string {
  return text.replaceAll(reference, (all, inner: string | undefined) => {
    if (inner === undefined) return "$";
    const [, name, fallback] = /^([A-Za-z_]\w*)(?::-(.*))?$/s.exec(inner) ?? [];
    if (name === undefined) throw new Error(`${all} is malformed, expected \${NAME} or \${NAME:-default}; $$ stands for $`);
    const value = environment[name];
    if (fallback !== undefined) return value || fallback;
    if (value === undefined) throw new Error(`the environment variable ${name} is not set`);
    return value;
  });
}
