/** A text or several texts of a configuration as a list. */
export function list<Text extends string>(texts: Text | readonly Text[] | undefined): readonly Text[] | undefined {
  return typeof texts === "string" ? [texts] : texts;
}
