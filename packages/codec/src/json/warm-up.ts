import type { DescMessage, DescService } from "@bufbuild/protobuf";
import { reachableTypes } from "../shape/reachable.ts";
import { codecsFor, type JsonOptions } from "./codec.ts";

/**
 * Generates the code of `jsonCodec` for all message types of a service or message at once, in both
 * directions, for one set of options. Without it, the code of a type is generated once the type is
 * hot. Does nothing where code generation is disabled.
 */
export function warmUpJson(root: DescService | DescMessage, options: JsonOptions = {}): void {
  const codecs = codecsFor(options);
  for (const type of reachableTypes([root])) codecs.compile(type);
}
