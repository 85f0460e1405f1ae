import { toJson } from "@bufbuild/protobuf";
import { type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";

/**
 * Returns a time as RFC 3339 with at most microseconds, which is what the store keeps. PostgreSQL
 * would round a longer fraction, and the last microsecond of year 9999 into year 10000.
 *
 * @throws Error if the time is out of the range of a Timestamp.
 */
export function toMicroseconds(time: Timestamp): string {
  return (toJson(TimestampSchema, time) as string).replace(/(\.\d{6})\d+Z$/, "$1Z");
}
