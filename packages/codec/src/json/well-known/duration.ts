// google.protobuf.Duration in JSON: "1.5s".
import type { Duration } from "@bufbuild/protobuf/wkt";
import { Fault, isNot } from "../error.ts";
import { checkDepth } from "../read/depth.ts";

/** 10,000 years, in seconds. */
const secondsMax = 315_576_000_000;

// protobuf-es does not check for characters after the "s".
const pattern = /^(-?\d+)(?:\.(\d+))?s$/;
const what = 'a duration (such as "1.5s")';

export function readDuration(json: unknown, depth: number): Duration {
  checkDepth(depth);
  if (typeof json !== "string") {
    return isNot(json, what);
  }
  const [, whole = "", fraction] = pattern.exec(json) ?? [];
  const seconds = Number(whole);
  if (whole === "" || Math.abs(seconds) > secondsMax || (fraction !== undefined && fraction.length > 9)) {
    return isNot(json, what);
  }
  const nanos = fraction === undefined ? 0 : Number(fraction.padEnd(9, "0"));
  return {
    $typeName: "google.protobuf.Duration",
    seconds: BigInt(seconds),
    nanos: fraction !== undefined && whole.startsWith("-") ? -nanos : nanos,
  };
}

/** `true` if the duration has a JSON form. */
export function isDuration({ seconds, nanos }: Duration): boolean {
  const second = Number(seconds);
  return Math.abs(second) <= secondsMax && Math.abs(nanos) <= 999_999_999 && second * nanos >= 0;
}

export function printDuration({ seconds, nanos }: Duration): string {
  const second = Number(seconds);
  if (!(Math.abs(second) <= secondsMax)) {
    throw new Fault(`${seconds} seconds exceed the 10,000 years that a duration can represent`);
  }
  if ((second > 0 && nanos < 0) || (second < 0 && nanos > 0)) {
    throw new Fault(`a duration's seconds and nanos must have the same sign, not ${seconds} and ${nanos}`);
  }
  if (!(Math.abs(nanos) <= 999_999_999)) {
    throw new Fault(`a duration's nanos must be from -999999999 to 999999999, not ${nanos}`);
  }
  const sign = nanos < 0 && second === 0 ? "-" : "";
  return nanos === 0 ? `"${seconds}s"` : `"${sign}${seconds}.${fractionOf(Math.abs(nanos))}s"`;
}

/** Returns nanoseconds as 3, 6 or 9 digits. */
function fractionOf(nanos: number): string {
  const digits = String(nanos).padStart(9, "0");
  return digits.endsWith("000000") ? digits.slice(0, 3) : digits.endsWith("000") ? digits.slice(0, 6) : digits;
}
