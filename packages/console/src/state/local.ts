// Small values in the browser's storage, which may be disabled or full.

/** A key for this page: several consoles may share an origin. */
export function ownKey(name: string): string {
  return `grpc-console.${name} ${location.pathname}`;
}

export function readLocal(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

/** `undefined` removes the value. */
export function writeLocal(key: string, value: string | undefined): void {
  try {
    if (value === undefined) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // The value lasts as long as the page.
  }
}
