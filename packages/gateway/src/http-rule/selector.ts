// Selectors of methods and services, as in google.api.http: a full name, or a prefix with `*`.

/** Whether a selector selects a full name. */
export function selects(selector: string, name: string): boolean {
  return selector === name || (selector.endsWith("*") && name.startsWith(selector.slice(0, -1)));
}
