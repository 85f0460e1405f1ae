// The options of the console.

/** A link in the header of the console. */
export interface ConsoleLink {
  readonly title: string;
  /** An `http:` or `https:` URL, or one that is relative to the page, such as `../../other/console/`. */
  readonly url: string;
}

/** The options of the console. */
export interface ConsoleOptions {
  /** Shows services and methods, without calling them. Default: false. */
  readonly readOnly?: boolean | undefined;
  /** Links in the header of the page, such as to the consoles of other gateways. Default: none. */
  readonly links?: readonly ConsoleLink[] | undefined;
}

/** Whether a URL leads to a page: it has the scheme `http:` or `https:`, or is relative. */
export function isLinkUrl(url: unknown): boolean {
  if (typeof url !== "string" || url === "") return false;
  // The parser removes what hides a scheme, such as a line break in `java\nscript:`.
  const parsed = URL.parse(url, "http://gateway/console/");
  return parsed !== null && ["http:", "https:"].includes(parsed.protocol);
}
