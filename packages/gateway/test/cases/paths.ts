// Paths and the templates that they match, from
//  - grpc-gateway (BSD 3-Clause, github.com/grpc-ecosystem/grpc-gateway at 9648db43),
//    runtime/pattern_test.go;
//  - grpc-httpjson-transcoding (Apache 2.0, github.com/grpc-ecosystem/grpc-httpjson-transcoding at
//    a6e226f), test/path_matcher_test.cc.
// The format is ours: templates instead of patterns of opcodes. A lookup is
// `[path, template, variable values]`, or `[path]` if no template matches.

export type Lookup = readonly [path: string, template?: string, values?: Readonly<Record<string, string>>];

export interface PathCases {
  readonly from: string;
  readonly templates: readonly string[];
  readonly lookups: readonly Lookup[];
  /** Why we differ, or which of the two we follow. */
  readonly note?: string;
}

const reserved = "%21%23%24%26%27%28%29%2A%2B%2C%2F%3A%3B%3D%3F%40%5B%5D";
const hex = Array.from({ length: 0x7f }, (_, code) => code.toString(16).padStart(2, "0"));

export const pathCases: readonly PathCases[] = [
  // pattern_test.go, TestMatch and TestMatchWithBinding
  { from: "grpc-gateway: *", templates: ["/*"], lookups: [["/abc", "/*"], ["/def", "/*"], ["/abc/def"]] },
  { from: "grpc-gateway: v1", templates: ["/v1"], lookups: [["/v1", "/v1"], ["/"], ["/v2"]] },
  {
    from: "grpc-gateway: **",
    templates: ["/**"],
    lookups: [
      ["/", "/**"],
      ["/abc", "/**"],
      ["/abc/def", "/**"],
      ["/abc/def/ghi", "/**"],
    ],
  },
  {
    from: "grpc-gateway: **/tail",
    templates: ["/**/tail"],
    lookups: [
      ["/tail", "/**/tail"],
      ["/abc/tail", "/**/tail"],
      ["/abc/def/tail", "/**/tail"],
      ["/"],
      ["/abc"],
      ["/abc/def"],
      ["/tail/extra"],
      ["/abc/tail/extra"],
      ["/abc/def/tail/extra"],
    ],
  },
  {
    from: "grpc-gateway: v1/bucket/{name}",
    templates: ["/v1/bucket/{name}"],
    lookups: [
      ["/v1/bucket/my-bucket", "/v1/bucket/{name}", { name: "my-bucket" }],
      ["/v1/bucket/our-bucket", "/v1/bucket/{name}", { name: "our-bucket" }],
      ["/"],
      ["/v1"],
      ["/v1/bucket"],
      ["/v2/bucket/my-bucket"],
      ["/v1/pubsub/my-topic"],
    ],
  },
  {
    from: "grpc-gateway: v1/{name=o/**}",
    templates: ["/v1/{name=o/**}"],
    lookups: [
      ["/v1/o", "/v1/{name=o/**}", { name: "o" }],
      ["/v1/o/my-bucket", "/v1/{name=o/**}", { name: "o/my-bucket" }],
      ["/v1/o/my-bucket/dir/dir2/obj", "/v1/{name=o/**}", { name: "o/my-bucket/dir/dir2/obj" }],
      ["/"],
      ["/v1"],
      ["/v2/o/my-bucket"],
      ["/v1/b/my-bucket"],
    ],
  },
  {
    from: "grpc-gateway: v2/{name=b/*}/o/{oname}",
    templates: ["/v2/{name=b/*}/o/{oname}"],
    lookups: [
      ["/v2/b/my-bucket/o/obj", "/v2/{name=b/*}/o/{oname}", { name: "b/my-bucket", oname: "obj" }],
      ["/v2/b/our-bucket/o/dir", "/v2/{name=b/*}/o/{oname}", { name: "b/our-bucket", oname: "dir" }],
      ["/"],
      ["/v2"],
      ["/v2/b"],
      ["/v2/b/my-bucket"],
      ["/v2/b/my-bucket/o"],
    ],
  },
  { from: "grpc-gateway: a verb", templates: ["/v1:LOCK"], lookups: [["/v1:LOCK", "/v1:LOCK"], ["/v1"], ["/LOCK"]] },
  {
    from: "grpc-gateway: a verb after a variable",
    templates: ["/v1/bucket/{name}:LOCK"],
    lookups: [["/v1/bucket/my-bucket:LOCK", "/v1/bucket/{name}:LOCK", { name: "my-bucket" }]],
  },
  {
    from: "grpc-gateway: ** within a variable",
    templates: ["/v1/{name=o/**/.ext}/tail"],
    lookups: [["/v1/o/my-bucket/dir/dir2/obj/.ext/tail", "/v1/{name=o/**/.ext}/tail", { name: "o/my-bucket/dir/dir2/obj/.ext" }]],
  },
  {
    from: "grpc-gateway: %2F in one segment",
    templates: ["/foo/{id}/bar"],
    lookups: [["/foo/part1%2Fpart2/bar", "/foo/{id}/bar", { id: "part1/part2" }]],
  },
  {
    from: "grpc-gateway: %2F in several",
    templates: ["/foo/{id=**}"],
    lookups: [["/foo/test%2Fbar", "/foo/{id=**}", { id: "test%2Fbar" }]],
    note: "UnescapingModeAllExceptReserved; its default (UnescapingModeLegacy) decodes before matching, which google/api/http.proto forbids",
  },

  // path_matcher_test.cc
  {
    from: "transcoding: WildCardMatchesRoot",
    templates: ["/**"],
    lookups: [
      ["/", "/**"],
      ["/a", "/**"],
      ["/a/", "/**"],
    ],
  },
  {
    from: "transcoding: WildCardMatches",
    templates: ["/a/**", "/b/*", "/c/*/d/**", "/c/*/d/e", "/c/f/d/e", "/"],
    lookups: [
      ["/a/b", "/a/**"],
      ["/a/b/c", "/a/**"],
      ["/b/c", "/b/*"],
      ["b/c/d"],
      ["/c/u/d/v", "/c/*/d/**"],
      ["/c/v/d/w/x", "/c/*/d/**"],
      ["/c/x/y/d/z"],
      ["/c//v/d/w/x"],
      ["/c/x/d/e", "/c/*/d/e"],
      ["/c/f/d/e", "/c/f/d/e"],
      ["/", "/"],
    ],
  },
  {
    from: "transcoding: VariableBindings",
    templates: [
      "/a/{x}/c/d/e",
      "/{x=a/*}/b/{y=*}/c",
      "/a/{x=b/*}/{y=d/**}",
      "/alpha/{x=*}/beta/{y=**}/gamma",
      "/{x=*}/a",
      "/{x=**}/a/b",
      "/a/b/{x=*}",
      "/a/b/c/{x=**}",
      "/{x=*}/d/e/f/{y=**}",
    ],
    lookups: [
      ["/a/book/c/d/e", "/a/{x}/c/d/e", { x: "book" }],
      ["/a/hello/b/world/c", "/{x=a/*}/b/{y=*}/c", { x: "a/hello", y: "world" }],
      ["/a/b/zoo/d/animal/tiger", "/a/{x=b/*}/{y=d/**}", { x: "b/zoo", y: "d/animal/tiger" }],
      ["/alpha/dog/beta/eat/bones/gamma", "/alpha/{x=*}/beta/{y=**}/gamma", { x: "dog", y: "eat/bones" }],
      ["/foo/a", "/{x=*}/a", { x: "foo" }],
      ["/foo/bar/a/b", "/{x=**}/a/b", { x: "foo/bar" }],
      ["/a/b/foo", "/a/b/{x=*}", { x: "foo" }],
      ["/a/b/c/foo/bar/baz", "/a/b/c/{x=**}", { x: "foo/bar/baz" }],
      ["/foo/d/e/f/bar/baz", "/{x=*}/d/e/f/{y=**}", { x: "foo", y: "bar/baz" }],
    ],
  },
  {
    from: "transcoding: PercentEscapesUnescapedForSingleSegment",
    templates: ["/a/{x}/c"],
    lookups: [["/a/p%20q%2Fr+/c", "/a/{x}/c", { x: "p q/r+" }]],
  },
  {
    from: "transcoding: PercentEscapesUnescapedForSingleSegmentAllAsciiChars",
    templates: ["/{x}"],
    lookups: [...hex, ...hex.map((digits) => digits.toUpperCase())].map((digits): Lookup => {
      return [`/%${digits}`, "/{x}", { x: String.fromCharCode(Number.parseInt(digits, 16)) }];
    }),
  },
  {
    from: "transcoding: PercentEscapesNotUnescapedForMultiSegment1",
    templates: ["/a/{x=p/*/q/*}/c"],
    lookups: [["/a/p/foo%20foo/q/bar%2Fbar/c", "/a/{x=p/*/q/*}/c", { x: "p/foo foo/q/bar%2Fbar" }]],
  },
  {
    from: "transcoding: PercentEscapesNotUnescapedForMultiSegment2",
    templates: ["/a/{x=**}/c"],
    lookups: [["/a/p/foo%20foo/q/bar%2Fbar+/c", "/a/{x=**}/c", { x: "p/foo foo/q/bar%2Fbar+" }]],
  },
  {
    from: "transcoding: OnlyUnreservedCharsAreUnescapedForMultiSegmentMatchUnescapeAllExceptSlash",
    templates: ["/a/{x=*}/{y=**}/c"],
    lookups: [[`/a/${reserved}/${reserved}/c`, "/a/{x=*}/{y=**}/c", { x: "!#$&'()*+,/:;=?@[]", y: "!#$&'()*+,%2F:;=?@[]" }]],
    note:
      "kAllCharactersExceptSlash, as google/api/http.proto requires for variables with several segments. The default leaves all reserved " +
      "characters encoded (as in http.proto's Http.fully_decode_reserved_expansion)",
  },
  {
    from: "transcoding: CustomVerbIssue",
    templates: ["/person", "/person/{id=*}", "/{x=**}:verb"],
    lookups: [
      ["/person:verb", "/{x=**}:verb", { x: "person" }],
      ["/person/jason:verb", "/{x=**}:verb", { x: "person/jason" }],
      ["/animal:verb", "/{x=**}:verb", { x: "animal" }],
      ["/animal/cat:verb", "/{x=**}:verb", { x: "animal/cat" }],
      ["/person", "/person"],
      ["/person/jason", "/person/{id=*}", { id: "jason" }],
      ["/animal"],
      ["/animal/cat"],
      ["/person:other"],
      ["/person/jason:other", "/person/{id=*}", { id: "jason:other" }],
      ["/animal:other"],
      ["/animal/cat:other"],
    ],
    note: "the default; with SetMatchUnregisteredCustomVerb, any colon in the last segment begins a verb",
  },
  {
    from: "transcoding: VariableBindingsWithCustomVerb",
    templates: ["/a/{y=*}:verb", "/a/{y=d/**}:verb", "/{x=*}/a:verb", "/{x=**}/b:verb", "/e/{x=*}/f:verb", "/g/{x=**}/h:verb"],
    lookups: [
      ["/a/world:verb", "/a/{y=*}:verb", { y: "world" }],
      ["/a/d/animal/tiger:verb", "/a/{y=d/**}:verb", { y: "d/animal/tiger" }],
      ["/foo/a:verb", "/{x=*}/a:verb", { x: "foo" }],
      ["/foo/bar/baz/b:verb", "/{x=**}/b:verb", { x: "foo/bar/baz" }],
      ["/e/foo/f:verb", "/e/{x=*}/f:verb", { x: "foo" }],
      ["/g/foo/bar/h:verb", "/g/{x=**}/h:verb", { x: "foo/bar" }],
    ],
  },
  {
    from: "transcoding: ConstantSuffixesWithVariable",
    templates: [
      "/a/{x=b/**}",
      "/a/{x=b/**}/z",
      "/a/{x=b/**}/y/z",
      "/a/{x=b/**}:verb",
      "/a/{x=**}",
      "/c/{x=*}/{y=d/**}/e",
      "/c/{x=*}/{y=d/**}/e:verb",
      "/f/{x=*}/{y=**}/g",
      "/f/{x=*}/{y=**}/g:verb",
      "/a/{x=b/*/y/z/**}/foo",
      "/a/{x=b/*/**/y/z}/foo",
    ],
    lookups: [
      ["/a/b/hello/world/c", "/a/{x=b/**}", { x: "b/hello/world/c" }],
      ["/a/b/world/c/z", "/a/{x=b/**}/z", { x: "b/world/c" }],
      ["/a/b/world/c/y/z", "/a/{x=b/**}/y/z", { x: "b/world/c" }],
      ["/a/b/world/c:verb", "/a/{x=b/**}:verb", { x: "b/world/c" }],
      ["/a/hello/b/world/c", "/a/{x=**}", { x: "hello/b/world/c" }],
      ["/c/hello/d/esp/world/e", "/c/{x=*}/{y=d/**}/e", { x: "hello", y: "d/esp/world" }],
      ["/c/hola/d/esp/mundo/e:verb", "/c/{x=*}/{y=d/**}/e:verb", { x: "hola", y: "d/esp/mundo" }],
      ["/f/foo/bar/baz/g", "/f/{x=*}/{y=**}/g", { x: "foo", y: "bar/baz" }],
      ["/f/foo/bar/baz/g:verb", "/f/{x=*}/{y=**}/g:verb", { x: "foo", y: "bar/baz" }],
      ["/a/b/foo/y/z/bar/baz/foo", "/a/{x=b/*/y/z/**}/foo", { x: "b/foo/y/z/bar/baz" }],
      ["/a/b/foo/bar/baz/y/z/foo", "/a/{x=b/*/**/y/z}/foo", { x: "b/foo/bar/baz/y/z" }],
    ],
  },
  {
    from: "transcoding: CustomVerbMatches",
    templates: ["/some/const:verb", "/some/*:verb", "/some/*/foo:verb", "/other/**:verb", "/other/**/const:verb"],
    lookups: [
      ["/some/const:verb", "/some/const:verb"],
      ["/some/other:verb", "/some/*:verb"],
      ["/some/other:verb/"],
      ["/some/bar/foo:verb", "/some/*/foo:verb"],
      ["/some/foo1/foo2/foo:verb"],
      ["/some/foo/bar:verb"],
      ["/other/bar/foo:verb", "/other/**:verb"],
      ["/other/bar/foo/const:verb", "/other/**/const:verb"],
    ],
  },
  {
    from: "transcoding: CustomVerbMatch2",
    templates: ["/{a=*}/{b=*}:verb"],
    lookups: [["/some:verb/const:verb", "/{a=*}/{b=*}:verb", { a: "some:verb", b: "const" }]],
  },
  {
    from: "transcoding: CustomVerbMatch3",
    templates: ["/foo/{a=*}"],
    lookups: [["/foo/other:verb", "/foo/{a=*}", { a: "other:verb" }]],
  },
  { from: "transcoding: CustomVerbMatch4", templates: ["/foo/*/hello"], lookups: [["/foo/other:verb/hello", "/foo/*/hello"]] },
  {
    from: "transcoding: CustomVerbMatch5",
    templates: ["/{a=**}:verb", "/{a=**}"],
    lookups: [
      ["/some:verb/const:verb", "/{a=**}:verb", { a: "some:verb/const" }],
      ["/some:verb/const", "/{a=**}", { a: "some:verb/const" }],
      ["/some:verb2/const:verb2", "/{a=**}", { a: "some:verb2/const:verb2" }],
    ],
  },
  {
    from: "transcoding: RejectPartialMatches",
    templates: ["/prefix/middle/suffix", "/prefix/middle", "/prefix"],
    lookups: [
      ["/prefix/middle/suffix", "/prefix/middle/suffix"],
      ["/prefix/middle", "/prefix/middle"],
      ["/prefix", "/prefix"],
      ["/prefix/middle/suffix/other"],
      ["/prefix/middle/other"],
      ["/prefix/other"],
      ["/other"],
    ],
  },
  { from: "transcoding: LookupReturnsNullIfMatcherEmpty", templates: [], lookups: [["a/b/blue/foo"]] },
  {
    from: "transcoding: LookupSimplePaths",
    templates: [
      "/prefix/middle/suffix",
      "/prefix/middle/othersuffix",
      "/prefix/othermiddle/suffix",
      "/otherprefix/middle/suffix",
      "/otherprefix/suffix",
    ],
    lookups: [
      ["/prefix/not/a/path"],
      ["/prefix/middle"],
      ["/prefix/not/othermiddle"],
      ["/otherprefix/suffix/othermiddle"],
      ["/prefix/middle/suffix", "/prefix/middle/suffix"],
      ["/prefix/middle/othersuffix", "/prefix/middle/othersuffix"],
      ["/prefix/othermiddle/suffix", "/prefix/othermiddle/suffix"],
      ["/otherprefix/middle/suffix", "/otherprefix/middle/suffix"],
      ["/otherprefix/suffix", "/otherprefix/suffix"],
    ],
  },
  { from: "transcoding: LookupReturnsNullForOverspecifiedPath", templates: ["/a/b/c", "/a/b"], lookups: [["/a/b/c/d"]] },
  { from: "transcoding: ReturnNullvoidSharedPtrForUnderspecifiedPath", templates: ["/a/b/c/d"], lookups: [["/a/b/c"]] },
  {
    from: "transcoding: WildCardMatchesManyWithoutStackOverflow",
    templates: ["/a/**/x"],
    lookups: [[`/a/${"/".repeat(64_000)}/x`, "/a/**/x"], [`/a/${"/".repeat(64_000)}/y`]],
  },

  // Cases in which the two disagree.
  {
    from: "grpc-gateway, against transcoding: a trailing slash",
    templates: ["/v1/books", "/v1/shelves/{id}"],
    lookups: [["/v1/books/"], ["/v1/shelves/", "/v1/shelves/{id}", { id: "" }]],
    note:
      "transcoding drops trailing empty segments; grpc-gateway keeps them, as RFC 3986 does (3.3: a segment may be empty), " +
      "so an empty string in a path is preserved",
  },
];
