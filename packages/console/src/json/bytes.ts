// Bytes of protobuf in JSON, which are base64, as text and as hex.

/** @throws TypeError if the text is not base64. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  let binary: string;
  try {
    binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  } catch (cause) {
    throw new TypeError("not base64", { cause });
  }
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  // `apply` takes a limited number of arguments.
  for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(binary);
}

/** @throws TypeError if the text is not pairs of hexadecimal digits. Spaces are ignored. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  const digits = text.replace(/\s+/g, "");
  if (!/^(?:[0-9a-f]{2})*$/i.test(digits)) throw new TypeError("not hex");
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

/** Characters that could hide or turn round what follows: control and format characters, but for spaces. */
const hidden = /[^\P{C}\t\n\r]/u;

/** The text in base64, if it has one that a reader can read. */
export function readableText(base64: string): string | undefined {
  try {
    const text = toText(fromBase64(base64));
    return text === undefined || text === "" || hidden.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/** The bytes as text. `undefined` if they are not UTF-8. */
export function toText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
