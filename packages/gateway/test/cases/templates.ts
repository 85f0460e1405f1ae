// Path templates and their segments, from
//  - grpc-gateway (BSD 3-Clause, github.com/grpc-ecosystem/grpc-gateway at 9648db43),
//    internal/httprule/parse_test.go and compile_test.go;
//  - grpc-httpjson-transcoding (Apache 2.0, github.com/grpc-ecosystem/grpc-httpjson-transcoding at
//    a6e226f), test/http_template_test.cc, and InvalidTemplates of test/path_matcher_test.cc.
// The format is ours: templates instead of grpc-gateway's tables of tokens and opcodes. Where the
// two disagree, a note says which one we follow, and why.

export interface TemplateCase {
  readonly from: "grpc-gateway" | "transcoding" | "both" | "vanguard";
  readonly template: string;
  /** The segments as text. `undefined` if the template is invalid. */
  readonly segments: readonly string[] | undefined;
  readonly verb?: string;
  /** Each field, with the indexes of its first segment and after its last. */
  readonly variables?: readonly (readonly [field: string, start: number, end: number])[];
  /** Which of the two we follow, and why. */
  readonly note?: string;
}

const invalid = (from: TemplateCase["from"], ...templates: string[]): TemplateCase[] =>
  templates.map((template) => ({ from, template, segments: undefined }));

export const templateCases: readonly TemplateCase[] = [
  // parse_test.go, TestTokenize and TestParseSegments
  { from: "both", template: "/", segments: [""], note: "not in the grammar, whose Segments cannot be empty; both accept it as the root" },
  { from: "grpc-gateway", template: "/v1", segments: ["v1"] },
  { from: "grpc-gateway", template: "/v1:LOCK", segments: ["v1"], verb: "LOCK" },
  { from: "grpc-gateway", template: "/v1/b", segments: ["v1", "b"] },
  { from: "grpc-gateway", template: "/v1/endpoint/*", segments: ["v1", "endpoint", "*"] },
  { from: "grpc-gateway", template: "/v1/endpoint/*:LOCK", segments: ["v1", "endpoint", "*"], verb: "LOCK" },
  { from: "grpc-gateway", template: "/v1/endpoint/**", segments: ["v1", "endpoint", "**"] },
  { from: "grpc-gateway", template: "/v1/b/{bucket_name=*}", segments: ["v1", "b", "*"], variables: [["bucket_name", 2, 3]] },
  {
    from: "grpc-gateway",
    template: "/v1/b/{bucket_name=buckets/*}",
    segments: ["v1", "b", "buckets", "*"],
    variables: [["bucket_name", 2, 4]],
  },
  {
    from: "grpc-gateway",
    template: "/v1/b/{bucket_name=buckets/*}/o/{name}",
    segments: ["v1", "b", "buckets", "*", "o", "*"],
    variables: [
      ["bucket_name", 2, 4],
      ["name", 5, 6],
    ],
  },
  { from: "grpc-gateway", template: "/v1/a=b&c=d;e=f:g/endpoint.rdf", segments: ["v1", "a=b&c=d;e=f:g", "endpoint.rdf"] },
  { from: "grpc-gateway", template: "/v1/a/{endpoint}:a", segments: ["v1", "a", "*"], verb: "a", variables: [["endpoint", 2, 3]] },
  { from: "grpc-gateway", template: "/v1/a/{endpoint}:b:c", segments: ["v1", "a", "*"], verb: "b:c", variables: [["endpoint", 2, 3]] },
  {
    from: "grpc-gateway",
    template: "/-._~!$&'()*+,;=:@/x",
    segments: ["-._~!$&'()*+,;=:@", "x"],
    note: "with a segment x after it, because a colon in the last segment begins a verb",
  },
  { from: "grpc-gateway", template: "/%e7%ac%ac%e4%b8%80%e7%89%88", segments: ["第一版"] },
  {
    from: "grpc-gateway",
    template: "/{field.nested.nested2=*}",
    segments: ["*"],
    variables: [["field.nested.nested2", 0, 1]],
  },
  { from: "grpc-gateway", template: "/{name=a/b/*}", segments: ["a", "b", "*"], variables: [["name", 0, 3]] },
  {
    from: "grpc-gateway",
    template: "/v1/{name.nested.nested2=a/b/*}/o/{another_name=a/b/*/c}/**",
    segments: ["v1", "a", "b", "*", "o", "a", "b", "*", "c", "**"],
    variables: [
      ["name.nested.nested2", 1, 4],
      ["another_name", 5, 9],
    ],
  },
  // TestParse
  { from: "grpc-gateway", template: "/v1/{name}:bla:baa", segments: ["v1", "*"], verb: "bla:baa", variables: [["name", 1, 2]] },
  {
    from: "transcoding",
    template: "/v1/{name}:",
    segments: undefined,
    note: "grpc-gateway reads it as no verb; transcoding rejects it, as the grammar does: Verb = ':' LITERAL",
  },
  {
    from: "grpc-gateway",
    template: "/v1/{name=segment/wi:th}",
    segments: ["v1", "segment", "wi:th"],
    variables: [["name", 1, 3]],
    note: "transcoding rejects /a/{x=var:verb}; a variable cannot contain a verb, so the colon is unambiguous",
  },
  // TestParseError and TestParseSegmentsWithErrors
  ...invalid("both", "v1/{name}", "//", "/a?b", "/%", "/%2", "/a%2z", "/{name", "/{name=", "/{name=*", "/{name.}", "/{name..nested}"),
  ...invalid("grpc-gateway", "/{field-name}", "/v1{name}"),
  // compile_test.go
  {
    from: "grpc-gateway",
    template: "/obj/{name.nested=a/*/b}/{obj=**}",
    segments: ["obj", "a", "*", "b", "**"],
    variables: [
      ["name.nested", 1, 4],
      ["obj", 4, 5],
    ],
  },

  // http_template_test.cc
  {
    from: "transcoding",
    template: "/shelves/{shelf}/books/{book}",
    segments: ["shelves", "*", "books", "*"],
    variables: [
      ["shelf", 1, 2],
      ["book", 3, 4],
    ],
  },
  { from: "transcoding", template: "/shelves/**", segments: ["shelves", "**"] },
  { from: "transcoding", template: "/**", segments: ["**"] },
  { from: "transcoding", template: "/*", segments: ["*"] },
  { from: "transcoding", template: "/a:foo", segments: ["a"], verb: "foo" },
  { from: "transcoding", template: "/a/b/c:foo", segments: ["a", "b", "c"], verb: "foo" },
  { from: "transcoding", template: "/*/**", segments: ["*", "**"] },
  { from: "transcoding", template: "/*/a/**", segments: ["*", "a", "**"] },
  { from: "transcoding", template: "/a/{a.b.c}", segments: ["a", "*"], variables: [["a.b.c", 1, 2]] },
  { from: "transcoding", template: "/a/{a.b.c=*}", segments: ["a", "*"], variables: [["a.b.c", 1, 2]] },
  { from: "transcoding", template: "/a/{b=*}", segments: ["a", "*"], variables: [["b", 1, 2]] },
  { from: "transcoding", template: "/a/{b=**}", segments: ["a", "**"], variables: [["b", 1, 2]] },
  { from: "transcoding", template: "/a/{b=c/*}", segments: ["a", "c", "*"], variables: [["b", 1, 3]] },
  { from: "transcoding", template: "/a/{b=c/*/d}", segments: ["a", "c", "*", "d"], variables: [["b", 1, 4]] },
  { from: "transcoding", template: "/a/{b=c/**}", segments: ["a", "c", "**"], variables: [["b", 1, 3]] },
  // google/api/http.proto: `**` "must be the last part of the URL path except the Verb". Both
  // accept it anywhere, once.
  { from: "both", template: "/a/{b=c/**}/d/e", segments: ["a", "c", "**", "d", "e"], variables: [["b", 1, 3]] },
  { from: "transcoding", template: "/a/{b=c/**/d}/e", segments: ["a", "c", "**", "d", "e"], variables: [["b", 1, 4]] },
  { from: "transcoding", template: "/a/{b=c/**/d}/e:verb", segments: ["a", "c", "**", "d", "e"], verb: "verb", variables: [["b", 1, 4]] },
  { from: "transcoding", template: "/{x.y.z=a/**/b}/c/d", segments: ["a", "**", "b", "c", "d"], variables: [["x.y.z", 0, 3]] },
  { from: "transcoding", template: "/{x.y.z=a/**/b}:custom", segments: ["a", "**", "b"], verb: "custom", variables: [["x.y.z", 0, 3]] },
  { from: "transcoding", template: "/*:verb", segments: ["*"], verb: "verb" },
  { from: "transcoding", template: "/**:verb", segments: ["**"], verb: "verb" },
  { from: "transcoding", template: "/{a}:verb", segments: ["*"], verb: "verb", variables: [["a", 0, 1]] },
  { from: "transcoding", template: "/a/b/*:verb", segments: ["a", "b", "*"], verb: "verb" },
  { from: "transcoding", template: "/a/b/**:verb", segments: ["a", "b", "**"], verb: "verb" },
  { from: "transcoding", template: "/a/b/{a}:verb", segments: ["a", "b", "*"], verb: "verb", variables: [["a", 2, 3]] },
  { from: "transcoding", template: "/{x}", segments: ["*"], variables: [["x", 0, 1]] },
  { from: "transcoding", template: "/{x.y.z}", segments: ["*"], variables: [["x.y.z", 0, 1]] },
  { from: "transcoding", template: "/{x=a/*}", segments: ["a", "*"], variables: [["x", 0, 2]] },
  { from: "transcoding", template: "/{x.y.z=*/a/b}/c", segments: ["*", "a", "b", "c"], variables: [["x.y.z", 0, 3]] },
  { from: "transcoding", template: "/{x.y.z=**}", segments: ["**"], variables: [["x.y.z", 0, 1]] },
  { from: "transcoding", template: "/{x.y.z=*/*}:verb", segments: ["*", "*"], verb: "verb", variables: [["x.y.z", 0, 2]] },
  { from: "transcoding", template: "/{x=**}:myverb", segments: ["**"], verb: "myverb", variables: [["x", 0, 1]] },
  { from: "transcoding", template: "/a/{b=*}/**:verb", segments: ["a", "*", "**"], verb: "verb", variables: [["b", 1, 2]] },
  ...invalid("transcoding", "", "/{}", "/a/", "/a//b", ":verb", "/:verb", "/a/:verb", ":", "/:", "/*:", "/**:", "/{var}:", "/a/b/:"),
  ...invalid("transcoding", "/a/b/*:", "/a/b/**:", "/a/b/{var}:", "/a/{", "/a/{var", "/a/{var.", "a", "{x}", "{x=/a}", "{x=/a/b}"),
  ...invalid("transcoding", "a/b", "a/b/{x}", "a/{x}/b", "a/{x}/b:verb", "/a/{var=/b}", "/{var=a/{nested=b}}", "/a{x}", "/{x}a", "/a{x}b"),
  ...invalid("transcoding", "/{x}a{y}", "/a/b{x}", "/a/{x}b", "/a/b{x}c", "/a/{x}b{y}", "/a/b{x}/s", "/a/{x}b/s", "/a/b{x}c/s"),
  ...invalid("transcoding", "/a/{x}b{y}/s", "/a/:", "/a/{b=*}/**:"),
  // path_matcher_test.cc
  ...invalid("transcoding", "/a{x=b/**}/{y=*}", "/a{x=b/**}/bb/{y=*}", "/a{x=b/**}/{y=**}", "/a{x=b/**}/bb/{y=**}"),
  ...["/a/**/*", "/a/**/foo/*", "/a/**/**", "/a/**/foo/**"].map((template): TemplateCase => {
    if (template.match(/\*\*/g)?.length === 2) return { from: "both", template, segments: undefined };
    const note = "transcoding rejects a * after **; grpc-gateway accepts it (`/{parent=**}/items/{id}`), and it is unambiguous";
    return { from: "grpc-gateway", template, segments: template.slice(1).split("/"), note };
  }),
];
