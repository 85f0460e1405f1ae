// The configuration of the command: the content of a file, and the options of the command line.
import type { configSchema } from "./schema.ts";

/** The value that a schema describes, once durations are milliseconds. */
type ValueOf<Schema> = Schema extends { readonly $comment: `duration${string}` }
  ? number
  : Schema extends { readonly enum: readonly (infer Value)[] }
    ? Value
    : Schema extends { readonly type: infer Type }
      ? Type extends readonly (infer One)[]
        ? TypeOf<One, Schema>
        : TypeOf<Type, Schema>
      : never;

type TypeOf<Type, Schema> = Type extends "string"
  ? string
  : Type extends "integer"
    ? number
    : Type extends "boolean"
      ? boolean
      : Type extends "array"
        ? Schema extends { readonly items: infer Item }
          ? readonly ValueOf<Item>[]
          : never
        : Schema extends { readonly properties: infer Properties }
          ? ObjectOf<Properties, Schema extends { readonly required: readonly (infer Name)[] } ? Name : never>
          : Schema extends { readonly additionalProperties: infer Value }
            ? Readonly<Record<string, ValueOf<Value>>>
            : never;

type ObjectOf<Properties, Required> = {
  readonly [Name in keyof Properties as Name extends Required ? Name : never]: ValueOf<Properties[Name]>;
} & {
  readonly [Name in keyof Properties as Name extends Required ? never : Name]?: ValueOf<Properties[Name]> | undefined;
};

/**
 * The configuration of the command. Durations are in milliseconds, and the paths of files are
 * absolute or relative to the working directory.
 */
export type Config = ValueOf<typeof configSchema>;

export type UpstreamConfig = NonNullable<Config["upstreams"]>[number];
