// Bodies and path variables, and the messages that they produce, from grpc-httpjson-transcoding
// (Apache 2.0, github.com/grpc-ecosystem/grpc-httpjson-transcoding at a6e226f),
// test/json_request_translator_test.cc. The format is ours: a rule in place of a prefix and bindings,
// and messages in JSON. Its JSON has trailing commas, which are invalid here. Its bodies of nested
// fields (`book.author_info.bio`) have no rule here: google/api/http.proto allows fields at the top
// level alone.

export interface BodyCase {
  readonly name: string;
  /** The method of the service Bookstore. */
  readonly method: string;
  readonly template: string;
  /** The field of the body, or `*`. */
  readonly body?: string;
  readonly path: string;
  readonly text: string;
  /** The requests in JSON. `undefined` if the request is invalid. */
  readonly messages: readonly unknown[] | undefined;
  /** How we differ, and why. */
  readonly note?: string;
}

const shelf = { method: "PutShelf", template: "/shelf", body: "*", path: "/shelf" } as const;
const shelves = { method: "StreamShelves", template: "/shelves", body: "*", path: "/shelves" } as const;
const valid = (base: Omit<BodyCase, "name" | "text" | "messages">, name: string, ...messages: readonly unknown[]): BodyCase => ({
  ...base,
  name,
  text: JSON.stringify(base.method.startsWith("Stream") ? messages : messages[0]),
  messages,
});

const tolstoy = { author: "Leo Tolstoy", title: "War and Peace" };
const leo = { firstName: "Leo", lastName: "Tolstoy" };

const blank = ["  ", "\r  \t\n"];

export const bodyCases: readonly BodyCase[] = [
  valid(shelf, "Simple", { name: "1", theme: "Russian" }),
  {
    method: "PutBook",
    template: "/book",
    body: "*",
    path: "/book",
    name: "Nested",
    text: JSON.stringify({ ...tolstoy, name: "8", authorInfo: { ...leo, bio: { yearBorn: 1830, yearDied: 1910, text: "some text" } } }),
    messages: [{ ...tolstoy, name: "8", authorInfo: { ...leo, bio: { yearBorn: "1830", yearDied: "1910", text: "some text" } } }],
  },
  {
    method: "CreateBook",
    template: "/books",
    body: "book",
    path: "/books",
    name: "Prefix",
    text: JSON.stringify({ ...tolstoy, name: "9" }),
    messages: [{ book: { ...tolstoy, name: "9" } }],
  },
  {
    method: "CreateBook",
    template: "/authors/{book.author_info.first_name}/{book.author_info.last_name}",
    body: "book",
    path: "/authors/Leo/Tolstoy",
    name: "Bindings",
    text: '{"name":"11","author":"Leo Tolstoy","title":"Anna Karenina"}',
    messages: [{ book: { name: "11", author: "Leo Tolstoy", title: "Anna Karenina", authorInfo: leo } }],
  },
  {
    method: "PutShelf",
    template: "/shelves/{name}/themes/{theme}",
    path: "/shelves/1/themes/Fiction",
    name: "OnlyBindings",
    text: "",
    messages: [{ name: "1", theme: "Fiction" }],
  },
  {
    method: "PutShelf",
    template: "/theme",
    body: "theme",
    path: "/theme",
    name: "ScalarBody",
    text: '"History"',
    messages: [{ theme: "History" }],
  },
  ...[{ payload: "Hello World!" }, { nested: { payload: "Hello World!" } }].map((struct) =>
    valid({ method: "PutStruct", template: "/struct", body: "*", path: "/struct" }, "StructValue", struct),
  ),
  { ...shelf, name: "Empty", text: "", messages: [{}] },
  ...[1, 256, 1024, 1234, 4096, 65537].map((size) =>
    valid(shelf, `Large ${size}`, { name: "1", theme: "0123456789abcdefgh".repeat(size).slice(0, size) }),
  ),
  {
    ...shelf,
    name: "UnknownsIgnored",
    text: '{"name":"1","theme":"Russian","unknownField":"ignored","unknownObject":{"name":"value"},"unknownArray":[1,2,3,4]}',
    messages: [{ name: "1", theme: "Russian" }],
  },
  ...[shelf, shelves].flatMap((base) =>
    [
      "Invalid",
      '{"name")',
      '{"name" : 1)',
      '{"theme" , "name" : 1})',
      '{"name" : 1])',
      '(["theme" , "name" : 1})',
      '{"name" : 1, { "a" : [ "c", "d"} ]})',
      '(["name" : 1 ]})',
      '([{"name" : 1 ]})',
      ...(base === shelf ? blank : []),
    ].map((text): BodyCase => ({ ...base, name: `ErrorInvalidJson ${JSON.stringify(text)}`, text, messages: undefined })),
  ),
  { method: "GetShelf", template: "/shelves/{shelf}", path: "/shelves/abc", name: "WrongBindingType", text: "", messages: undefined },
  valid(shelves, "StreamingSimple", { name: "1", theme: "Russian" }, { name: "2", theme: "History" }, { name: "3", theme: "Mistery" }),
  valid(
    { method: "StreamBooks", template: "/books", body: "*", path: "/books" },
    "StreamingNested",
    { ...tolstoy, name: "1", authorInfo: leo },
    { ...tolstoy, title: "Anna Karenina", name: "2", authorInfo: leo },
    { author: "Fyodor Dostoevski", title: "Crime and Punishment", name: "3", authorInfo: { firstName: "Fyodor", lastName: "Dostoevski" } },
  ),
  {
    method: "StreamCreateBooks",
    template: "/shelves/{shelf}/books",
    body: "book",
    path: "/shelves/7/books",
    name: "StreamingPrefixAndBindings",
    text: '[{"name":"1"},{"name":"2"}]',
    messages: [
      { shelf: "7", book: { name: "1" } },
      { shelf: "7", book: { name: "2" } },
    ],
    note: "transcoding sets variables in the first message alone; here, each message of a stream is a request of its own",
  },
  valid(shelves, "Streaming1KMessages", ...Array.from({ length: 1000 }, (_, index) => ({ name: `${index + 1}`, theme: `th${index + 1}` }))),
  {
    method: "StreamShelves",
    template: "/themes",
    body: "theme",
    path: "/themes",
    name: "StreamingScalars",
    text: '["Classic","Fiction","Documentary"]',
    messages: [{ theme: "Classic" }, { theme: "Fiction" }, { theme: "Documentary" }],
  },
  {
    method: "StreamLists",
    template: "/lists",
    body: "shelves",
    path: "/lists",
    name: "StreamingArrays",
    text: '[[{"name":"1"},{"name":"2"}],[{"name":"5"}]]',
    messages: [{ shelves: [{ name: "1" }, { name: "2" }] }, { shelves: [{ name: "5" }] }],
  },
  valid(shelves, "StreamingEmptyStream"),
  valid(shelves, "StreamingEmptyMessages", {}, { theme: "Classic" }, {}),
  ...blank.map(
    (text): BodyCase => ({
      ...shelves,
      name: `ErrorInvalidJson ${JSON.stringify(text)}`,
      text,
      messages: [],
      note: "transcoding rejects it; here, blank lines between the messages of a stream are allowed",
    }),
  ),
  {
    ...shelves,
    name: "StreamingErrorNotAnArray",
    text: '{"name" : "1"}',
    messages: [{ name: "1" }],
    note: "transcoding accepts arrays alone; here, a stream may also have one message per line",
  },
];
