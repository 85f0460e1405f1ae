// What the calls of a client inherit from the call of the server in whose handler they are made.
import { isDeepStrictEqual } from "node:util";
import { checkArray, checkBoolean, checkOptionNames, checkString, type Names, optional, outOfRange } from "../checks.ts";
import { isSentWithRequest } from "../protocol/fields.ts";
import { fieldsIn, filtered, Metadata, type MetadataInit } from "../protocol/metadata.ts";
import type { OuterCall } from "./outer-call.ts";

/** What a call inherits if it is made inside the handler of a call. */
export interface InheritOptions {
  /**
   * Whether the call inherits the deadline of the outer call, if that is earlier. With `false`, the
   * outer call still ends the call unless `cancellation` is `false` too. Default: true.
   */
  readonly deadline?: boolean | undefined;
  /**
   * Whether the call is cancelled once the outer call has ended, for whatever reason. A call that
   * begins later fails at once. Default: true.
   */
  readonly cancellation?: boolean | undefined;
  /**
   * The keys of the outer call's metadata to send. A key that the call sets itself is not inherited.
   * Name a key with an identity, such as `authorization`, only for a server that may know it.
   * Default: `inheritedMetadata`, that is `traceparent`, `tracestate`, `baggage` and `x-request-id`.
   */
  readonly metadata?: readonly string[] | undefined;
}

/** All options, with their values. */
export interface Inheritance {
  readonly deadline: boolean;
  readonly cancellation: boolean;
  /** In lower case. */
  readonly metadata: readonly string[];
}

/**
 * The keys of metadata that calls inherit by default: the W3C trace context and baggage, and the id
 * of the request.
 *
 * @example
 * createClient(Users, target, { inherit: { metadata: [...inheritedMetadata, "authorization"] } });
 */
export const inheritedMetadata: readonly string[] = Object.freeze(["traceparent", "tracestate", "baggage", "x-request-id"]);

const everything: Inheritance = { deadline: true, cancellation: true, metadata: inheritedMetadata };
const nothing: Inheritance = { deadline: false, cancellation: false, metadata: [] };
const names: Names<InheritOptions> = { deadline: true, cancellation: true, metadata: true };

/** @throws TypeError or RangeError that names the option. */
export function checkInherit(name: string, value: unknown): void {
  if (value === false) return;
  checkOptionNames(name, value as object, names);
  const { deadline, cancellation, metadata } = value as InheritOptions;
  optional(checkBoolean, `${name}.deadline`, deadline);
  optional(checkBoolean, `${name}.cancellation`, cancellation);
  for (const [index, key] of (optional(checkArray, `${name}.metadata`, metadata) ?? []).entries()) {
    checkKey(`${name}.metadata[${index}]`, checkString(`${name}.metadata[${index}]`, key));
  }
}

function checkKey(name: string, key: string): void {
  if (!/^[0-9a-z_.-]+$/i.test(key) || !isSentWithRequest(key.toLowerCase())) {
    throw outOfRange(name, "a metadata key that a client may send", key);
  }
}

/** Returns what calls inherit, given the option and its defaults. */
export function inheritanceOf(option: InheritOptions | false | undefined, defaults: Inheritance = everything): Inheritance {
  if (option === undefined) return defaults;
  if (option === false) return nothing;
  const { deadline = defaults.deadline, cancellation = defaults.cancellation, metadata } = option;
  return { deadline, cancellation, metadata: metadata?.map((key) => key.toLowerCase()) ?? defaults.metadata };
}

/**
 * Returns the metadata of a call with what it inherits. Undefined if it inherits nothing.
 *
 * @throws MetadataError if `own` has an illegal key or value.
 */
export function withInherited(own: MetadataInit | undefined, outer: OuterCall, keys: readonly string[]): Metadata | undefined {
  if (keys.length === 0) return undefined;
  const mine = own === undefined ? undefined : new Metadata(own);
  const inherited = filtered(outer.metadata, (key) => keys.includes(key) && mine?.has(key) !== true);
  const flat = fieldsIn(inherited);
  if (flat.length === 0) return undefined;
  // A peer may have sent a value that no client may send.
  for (let i = flat.length - 2; i >= 0; i -= 2) if (!isSendable(flat[i + 1])) inherited.delete(flat[i] as string);
  return mine === undefined ? inherited : inherited.merge(mine);
}

/**
 * Removes the values of a key if they are those of the outer call, because credentials set the key.
 * Values that the call or its interceptors have set remain.
 */
export function dropInherited(metadata: Metadata, outer: Metadata, key: string): void {
  const valuesIn = (of: Metadata) => fieldsIn(filtered(of, (other) => other === key));
  if (isDeepStrictEqual(valuesIn(metadata), valuesIn(outer))) metadata.delete(key);
}

function isSendable(value: string | Buffer | undefined): boolean {
  return typeof value !== "string" || /^[ -~]*$/.test(value);
}
