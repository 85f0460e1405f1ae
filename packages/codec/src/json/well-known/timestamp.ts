// google.protobuf.Timestamp in JSON: RFC 3339, printed with 0, 3, 6 or 9 fractional digits. The
// common path avoids Date.
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { Fault, isNot } from "../error.ts";
import { checkDepth } from "../read/depth.ts";
import { bytes, writeLastDigits } from "../write/writer.ts";

/**
 * The range of JSON timestamps in seconds since 1970: 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z.
 */
const secondsMin = -62_135_596_800;
const secondsMax = 253_402_300_799;

// Unlike RFC 3339, Date accepts the hour 24 and February 30.
const rfc3339 = /^(\d{4}-\d{2}-(\d{2})T(?!24)\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})$/;
const what = "a timestamp (RFC 3339)";

export function readTimestamp(json: unknown, depth: number): Timestamp {
  checkDepth(depth);
  if (typeof json !== "string") {
    return isNot(json, what);
  }
  const plain = plainSeconds(json);
  const plainFraction = plain === undefined ? undefined : plainNanos(json);
  if (plain !== undefined && plainFraction !== undefined) {
    return { $typeName: "google.protobuf.Timestamp", seconds: BigInt(plain), nanos: plainFraction };
  }
  const [, dateTime, day, fraction, offset] = rfc3339.exec(json) ?? [];
  const second = Date.parse(`${dateTime}${offset}`) / 1000;
  if (!(second >= secondsMin && second <= secondsMax) || new Date(`${dateTime}Z`).getUTCDate() !== Number(day)) {
    return isNot(json, what);
  }
  const nanos = fraction === undefined ? 0 : Number(fraction.padEnd(9, "0"));
  return { $typeName: "google.protobuf.Timestamp", seconds: BigInt(second), nanos };
}

/** Returns the seconds of `2024-05-06T07:08:09…`, or `undefined` for other forms. */
function plainSeconds(text: string): number | undefined {
  if (
    text.length < 20 ||
    text.charCodeAt(4) !== 45 ||
    text.charCodeAt(7) !== 45 ||
    text.charCodeAt(10) !== 84 ||
    text.charCodeAt(13) !== 58 ||
    text.charCodeAt(16) !== 58
  ) {
    return undefined;
  }
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  const second = twoDigits(text, 17);
  // NaN from an invalid digit fails here, too. Date checks the days 29 to 31.
  if (!(year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= 28 && hour <= 23 && minute <= 59 && second <= 59)) {
    return undefined;
  }
  return daysFromCivil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
}

/**
 * Returns the nanoseconds from the text after the seconds, `Z` or `.123Z`, or `undefined` for other
 * forms.
 */
function plainNanos(text: string): number | undefined {
  const end = text.length - 1;
  if (text.charCodeAt(end) !== 90 || end > 29) {
    return undefined;
  }
  if (end === 19) {
    return 0;
  }
  let nanos = text.charCodeAt(19) === 46 && end > 20 ? 0 : Number.NaN;
  for (let i = 20; i < 29; i++) {
    const digit = i < end ? text.charCodeAt(i) - 48 : 0;
    nanos = digit >= 0 && digit <= 9 ? nanos * 10 + digit : Number.NaN;
  }
  return nanos >= 0 ? nanos : undefined;
}

function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

/**
 * Returns the days since 1970-01-01 in the Gregorian calendar. Years start in March here, so the
 * leap day comes last.
 */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const century = Math.floor(y / 100);
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return 365 * y + Math.floor(y / 4) - century + Math.floor(century / 4) + dayOfYear - 719_468;
}

/** `true` if the timestamp has a JSON form. */
export function isTimestamp({ seconds, nanos }: Timestamp): boolean {
  return seconds >= secondsMin && seconds <= secondsMax && nanos >= 0 && nanos <= 999_999_999;
}

/** Writes a timestamp at a position of the writer and returns the position after it. */
export function writeTimestamp({ seconds, nanos }: Timestamp, at: number): number {
  const second = Number(seconds);
  if (!(second >= secondsMin && second <= secondsMax)) {
    throw new Fault(`${seconds} seconds are outside the years 0001 to 9999 of a timestamp`);
  }
  if (!(nanos >= 0 && nanos <= 999_999_999)) {
    throw new Fault(`a timestamp's nanos must be from 0 to 999999999, not ${nanos}`);
  }
  const days = Math.floor(second / 86_400);
  const inDay = second - days * 86_400;
  const hour = Math.floor(inDay / 3600);
  const minute = Math.floor((inDay % 3600) / 60);
  bytes[at] = 34;
  writeDate(days, at + 1);
  bytes[at + 11] = 84;
  writeLastDigits(hour, at + 12, at + 14);
  bytes[at + 14] = 58;
  writeLastDigits(minute, at + 15, at + 17);
  bytes[at + 17] = 58;
  let end = writeLastDigits(inDay % 60, at + 18, at + 20);
  if (nanos !== 0) {
    bytes[end] = 46;
    end = writeFraction(nanos, end + 1);
  }
  bytes[end] = 90;
  bytes[end + 1] = 34;
  return end + 2;
}

/** Writes the date: the inverse of `daysFromCivil`. */
function writeDate(days: number, at: number): void {
  const sinceMarch0 = days + 719_468;
  const era = Math.floor(sinceMarch0 / 146_097);
  const dayOfEra = sinceMarch0 - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const m = Math.floor((5 * dayOfYear + 2) / 153);
  const month = m < 10 ? m + 3 : m - 9;
  writeLastDigits(yearOfEra + era * 400 + (month <= 2 ? 1 : 0), at, at + 4);
  bytes[at + 4] = 45;
  writeLastDigits(month, at + 5, at + 7);
  bytes[at + 7] = 45;
  writeLastDigits(dayOfYear - Math.floor((153 * m + 2) / 5) + 1, at + 8, at + 10);
}

/** Writes nanoseconds as 3, 6 or 9 digits. */
function writeFraction(nanos: number, at: number): number {
  if (nanos % 1000 !== 0) {
    return writeLastDigits(nanos, at, at + 9);
  }
  return nanos % 1_000_000 === 0 ? writeLastDigits(nanos / 1_000_000, at, at + 3) : writeLastDigits(nanos / 1000, at, at + 6);
}
