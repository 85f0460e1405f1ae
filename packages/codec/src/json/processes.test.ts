// What a process without code generation, or with a small heap, does with JSON. Each process chooses
// tiers as users have it, so the tests run once, not in each tier.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

test("messages, text and errors are the same where code generation is disabled", () => {
  const script = `
    import { create, toJsonString } from "@bufbuild/protobuf";
    import { anyPack } from "@bufbuild/protobuf/wkt";
    import { createRegistry } from "@bufbuild/protobuf";
    import { JsonError, jsonCodec, jsonFieldCodec } from "./src/json/index.ts";
    import * as json2 from "./test/gen/json2_pb.js";
    import * as json3 from "./test/gen/json3_pb.js";
    const registry = createRegistry(json2.file_json2, json3.file_json3);
    const errors = [];
    const collect = (work) => { try { work(); errors.push("accepted"); } catch (e) { errors.push(e instanceof JsonError ? e.message : String(e.stack)); } };
    let generated = true;
    try { new Function("return 1"); } catch { generated = false; }
    const codec = jsonCodec(json3.ListsSchema, { fieldNames: "proto", registry });
    const text = '{"int64s":["1"],"scalars_list":[{"int32_value":5,"bytes_value":"AQ=="}],"trees":[{"left":{"name":"n"}}]}';
    const message = codec.parse(text);
    const wellKnown = jsonCodec(json3.WellKnownSchema, { registry });
    const known = '{"timestamp":"2024-05-06T07:08:09Z","struct":{"a":[1]},"any":{"name":"x","@type":"type.googleapis.com/grpc_study.json3.Tree"},"int32Value":0}';
    collect(() => codec.parse('{"scalars_list":[{},{"int32Value":"abc"}]}'));
    collect(() => codec.parse('{"strings":["a","a"],"strings":[]}'));
    collect(() => jsonCodec(json3.MapsSchema).parse('{"bools":{"true":{"left":{"name":1}}}}'));
    collect(() => jsonCodec(json3.MapsSchema).parse('{"strings":{"a":null}}'));
    collect(() => jsonCodec(json3.ScalarsSchema, { ignoreUnknownFields: false }).parse('{"nope":1}'));
    collect(() => wellKnown.parse('{"timestamps":["zzz"]}'));
    collect(() => jsonCodec(json3.TreeSchema).parse('{"left":'.repeat(200) + "{}" + "}".repeat(200)));
    collect(() => wellKnown.print(create(json3.WellKnownSchema, { timestamp: { seconds: 1n << 60n } })));
    const tree = create(json3.TreeSchema);
    jsonFieldCodec(json3.TreeSchema.field.children).parseInto('[{"name":"a"}]', tree);
    const presence = '{"[grpc_study.json2.ext_int32s]":[1,2]}';
    console.log(JSON.stringify({
      generated,
      text: codec.print(message) === text,
      known: wellKnown.print(wellKnown.parse(known)) === known,
      extension: jsonCodec(json2.PresenceSchema, { registry }).print(jsonCodec(json2.PresenceSchema, { registry }).parse(presence)),
      fields: [jsonFieldCodec(json3.TreeSchema.field.children).print(tree), jsonFieldCodec(json3.TreeSchema.field.named).print(tree), jsonFieldCodec(json3.TreeSchema.field.left).print(tree)],
      errors,
    }));
  `;
  const args = [
    "--disallow-code-generation-from-strings",
    "--conditions=@grpc-study/source",
    "--input-type=module",
    "--no-warnings",
    "--eval",
    script,
  ];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: new URL("../..", import.meta.url), encoding: "utf8" });
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toEqual({
    generated: false,
    text: true,
    known: true,
    extension: '{"[grpc_study.json2.ext_int32s]":[1,2]}',
    fields: ['[{"name":"a"}]', "{}", "null"],
    errors: [
      'scalars_list[1].int32_value: "abc" is not an int32',
      'duplicate key "strings"',
      'bools["true"].left.name: 1 is not a string',
      'strings["a"]: a map must not contain null',
      "nope: unknown field",
      'timestamps[0]: "zzz" is not a timestamp (RFC 3339)',
      expect.stringMatching(/^left\.left.*: nested more than 100 levels deep$/),
      "timestamp: 1152921504606846976 seconds are outside the years 0001 to 9999 of a timestamp",
    ],
  });
});

test("4 MiB of any kind of element fit a heap of 192 MiB", () => {
  const program = fileURLToPath(new URL("../../test/elements-process.ts", import.meta.url));
  const flags = ["--max-old-space-size=192", "--conditions=@grpc-study/source"];
  const { stdout, stderr, status } = spawnSync(process.execPath, [...flags, program], { encoding: "utf8" });
  expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  expect(stdout).toContain("empty messages: too many");
  expect(stdout).toContain("one long number: too many");
}, 120_000);
