// Runs in a process with a small heap: reads 4 MiB of JSON with as many elements as possible, and
// prints the outcome for each kind.
import { jsonCodec, TooManyElementsError } from "../src/json/index.ts";
import { TreeSchema } from "./gen/json3_pb.js";
import { ThingSchema } from "./gen/things_pb.js";

const size = 4 * 1024 * 1024;
/** Returns `begin`, as many items as fit, and `end`. */
const filled = (begin: string, item: string, end: string) =>
  begin +
  Array(Math.floor(size / (item.length + 1)))
    .fill(item)
    .join(",") +
  end;
const keys = (count: number, value: string) => Array.from({ length: count }, (_, i) => `"${i}":${value}`).join(",");

const texts = {
  "empty messages": [TreeSchema, filled('{"children":[', "{}", "]}")],
  "messages of many fields": [ThingSchema, filled('{"things":[', "{}", "]}")],
  "messages in messages": [TreeSchema, filled('{"children":[', '{"children":[{},{}]}', "]}")],
  "messages in a map": [TreeSchema, `{"named":{${keys(300_000, "{}")}}}`],
  "lists of a Value": [ThingSchema, filled('{"structValueValue":[', "[]", "]}")],
  "numbers of a Value": [ThingSchema, filled('{"structValueValue":[', "1", "]}")],
  "lists of a Struct": [ThingSchema, filled('{"structValue":{"a":[', "[]", "]}}")],
  "keys of a Struct": [ThingSchema, `{"structValue":{${keys(300_000, "{}")}}}`],
  "wrapped numbers": [ThingSchema, filled('{"repeatedMessage":[', "1", "]}")],
  "numbers of 64 bits": [ThingSchema, filled('{"repeatedInt64":[', "1", "]}")],
  "long numbers of 64 bits": [ThingSchema, filled('{"repeatedInt64":[', "9007199254740993", "]}")],
  "one long number": [ThingSchema, filled('{"things":[', "{}", '],"int64Value":9007199254740993}')],
  bytes: [ThingSchema, filled('{"repeatedBytes":[', '""', "]}")],
  "paths of a mask": [ThingSchema, `{"fieldmaskValue":"${"a,".repeat(size / 2)}"}`],
  "unknown objects": [ThingSchema, filled('{"unknown":[', "{}", "]}")],
  Any: [ThingSchema, filled('{"things":[', '{"anyValue":{}}', "]}")],
} as const;

for (const [name, [schema, text]] of Object.entries(texts)) {
  const codec = jsonCodec(schema, { elementLimit: 1_000_000 });
  let outcome = "read";
  for (let times = 0; times < 2; times++) {
    try {
      codec.parse(text);
    } catch (error) {
      if (!(error instanceof TooManyElementsError)) throw error;
      outcome = "too many";
    }
  }
  console.log(`${name}: ${outcome}`);
}
