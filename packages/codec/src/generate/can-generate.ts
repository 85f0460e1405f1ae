let allowed: boolean | undefined;

/**
 * `true` if this process may create functions from text. `node
 * --disallow-code-generation-from-strings` forbids it.
 */
export function canGenerate(): boolean {
  if (allowed === undefined) {
    try {
      allowed = new Function("return true")() === true;
    } catch {
      allowed = false;
    }
  }
  return allowed;
}
