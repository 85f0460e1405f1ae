// Bodies that are compressed with gzip.
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";

/** Those that inflate a request's body. */
const inflaters = new WeakSet<Readable>();

/** The content of a body that is compressed with gzip. It ends with an error when the body is cut off, or is no gzip. */
export function inflate(body: Readable): Readable {
  const gunzip = createGunzip();
  inflaters.add(gunzip);
  let whole = false;
  body
    .once("end", () => {
      whole = true;
    })
    .once("close", () => {
      if (!whole) gunzip.destroy(new Error("the body broke off"));
    })
    .on("error", (error) => gunzip.destroy(error))
    .pipe(gunzip);
  // What is left of the body is read, so that the response can be.
  gunzip.once("close", () => {
    body.unpipe(gunzip);
    body.resume();
  });
  return gunzip;
}

/** Reads the rest of a body, which is not wanted; what is compressed stays so. */
export function discard(body: Readable): void {
  if (inflaters.has(body)) body.destroy();
  else body.resume();
}
