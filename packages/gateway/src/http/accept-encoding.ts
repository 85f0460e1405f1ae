// Chooses the content coding of a response by `Accept-Encoding` (RFC 9110, section 12.5.3).

/** The content codings that the gateway can produce. */
export type ContentCoding = "br" | "gzip";

const weightPattern = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;

/**
 * The coding that the client prefers. `undefined` if the response is sent as it is.
 *
 * @param available the codings to choose from. Among equally preferred ones, the first wins.
 */
export function chooseCoding<Coding extends ContentCoding>(
  acceptEncoding: string | undefined,
  available: readonly Coding[],
): Coding | undefined {
  if (acceptEncoding === undefined) return undefined;
  const weights = weightsOf(acceptEncoding);
  const others = weights.get("*");
  let chosen: Coding | undefined;
  // Unless the client lists it, `identity` is acceptable, but not preferred to anything.
  let highest = Math.max(weights.get("identity") ?? 0, Number.EPSILON);
  for (const coding of available) {
    const weight = weights.get(coding) ?? others ?? 0;
    if (weight > highest || (weight === highest && chosen === undefined)) {
      chosen = coding;
      highest = weight;
    }
  }
  return chosen;
}

/** The weights by coding. Malformed parts are ignored. */
function weightsOf(acceptEncoding: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const part of acceptEncoding.toLowerCase().split(",")) {
    const [coding = "", weight, ...more] = part.split(";").map((text) => text.trim());
    if (coding === "" || more.length > 0) continue;
    const value = weight === undefined ? "1" : weightPattern.exec(weight)?.[1];
    if (value !== undefined) weights.set(coding === "x-gzip" ? "gzip" : coding, Number(value));
  }
  return weights;
}
