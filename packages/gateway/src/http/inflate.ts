// Decompresses gzip request bodies.
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";

/** The streams that `inflate` returned. */
const inflaters = new WeakSet<Readable>();

/** Decompresses a body. The stream fails if the body is cut off or malformed. */
export function inflate(body: Readable): Readable {
  const gunzip = createGunzip();
  inflaters.add(gunzip);
  let whole = false;
  body
    .once("end", () => {
      whole = true;
    })
    .once("close", () => {
      if (!whole) gunzip.destroy(new Error("the body was cut off"));
    })
    .on("error", (error) => gunzip.destroy(error))
    .pipe(gunzip);
  // Discards the rest of the body, so that the client reads the response.
  gunzip.once("close", () => {
    body.unpipe(gunzip);
    body.resume();
  });
  return gunzip;
}

/** Discards the rest of a body, without decompressing it. */
export function discard(body: Readable): void {
  if (inflaters.has(body)) body.destroy();
  else body.resume();
}
