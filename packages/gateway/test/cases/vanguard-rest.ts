// HTTP requests, the calls that they become, and the HTTP responses, from vanguard-go (Apache 2.0,
// github.com/connectrpc/vanguard-go at ee25c3ad), vanguard_restxrpc_test.go. The services are
// test/proto/vanguard. The format is ours: messages are JSON.

/** The status, headers and body that a case expects. */
interface Expected {
  readonly status: number;
  readonly contentType?: string;
  /** A body in JSON, or text. */
  readonly body?: unknown;
}

export interface RestCase {
  readonly name: string;
  readonly service: "LibraryService" | "ContentService";
  readonly verb: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The call that the upstream sees. None if the gateway rejects the request. */
  readonly call?: {
    readonly method: string;
    readonly requests: readonly unknown[];
    /** The responses, or the error. */
    readonly responses?: readonly unknown[];
    readonly error?: readonly [code: number, message: string];
  };
  readonly expected: Expected;
  /** How we differ, and why. */
  readonly note?: string;
}

const json = "application/json";
const book = { title: "The Art of Computer Programming", author: "Donald E. Knuth" };
const checkouts = [
  {
    id: "123",
    books: [
      { name: "shelves/1/books/abc", parent: "shelves/1" },
      { name: "shelves/1/books/def", parent: "shelves/1" },
    ],
  },
];
const hello = Buffer.from("hello").toString("base64");
const download = {
  service: "ContentService",
  verb: "GET",
  call: {
    method: "Download",
    requests: [{ filename: "message.txt" }],
    responses: [{ file: { contentType: "text/plain", data: hello } }, { file: { data: Buffer.from(" world").toString("base64") } }],
  },
  expected: { status: 200, contentType: "text/plain", body: "hello world" },
} as const;

export const restCases: readonly RestCase[] = [
  {
    name: "ListShelves-GetNilRequest",
    service: "LibraryService",
    verb: "GET",
    path: "/v1/shelves",
    call: { method: "ListShelves", requests: [{}], responses: [{}] },
    expected: { status: 200, contentType: json, body: {} },
  },
  {
    name: "GetBook",
    service: "LibraryService",
    verb: "GET",
    path: "/v1/shelves/1/books/1",
    call: { method: "GetBook", requests: [{ name: "shelves/1/books/1" }], responses: [{ name: "shelves/1/books/1" }] },
    expected: { status: 200, contentType: json, body: { name: "shelves/1/books/1" } },
  },
  {
    name: "GetBook-NotAllowed",
    service: "LibraryService",
    verb: "PUT",
    path: "/v1/shelves/1/books/1",
    expected: { status: 405 },
    note: "the body of vanguard's response is text",
  },
  {
    name: "GetBook-Error",
    service: "LibraryService",
    verb: "GET",
    path: "/v1/shelves/1/books/1",
    call: { method: "GetBook", requests: [{ name: "shelves/1/books/1" }], error: [7, "permission denied"] },
    expected: { status: 403, contentType: json, body: { code: 7, message: "permission denied", details: [] } },
  },
  {
    name: "CreateBook",
    service: "LibraryService",
    verb: "POST",
    path: "/v1/shelves/1/books?bookId=1&request_id=2",
    headers: { "content-type": json },
    body: JSON.stringify(book),
    call: { method: "CreateBook", requests: [{ parent: "shelves/1", bookId: "1", requestId: "2", book }], responses: [book] },
    expected: { status: 200, contentType: json, body: book },
  },
  {
    name: "MoveBooks",
    service: "LibraryService",
    verb: "POST",
    path: "/v2/shelves/1/books:move",
    headers: { "content-type": json },
    body: '["book1", "book2", "book3", "book4"]',
    call: {
      method: "MoveBooks",
      requests: [{ newParent: "shelves/1", books: ["book1", "book2", "book3", "book4"] }],
      responses: [{}],
    },
    expected: { status: 200, contentType: json, body: {} },
  },
  {
    name: "ListCheckouts",
    service: "LibraryService",
    verb: "GET",
    path: "/v2/shelves/1/books/abc:checkouts",
    call: { method: "ListCheckouts", requests: [{ name: "shelves/1/books/abc" }], responses: [{ checkouts }] },
    expected: { status: 200, contentType: json, body: checkouts },
    note: "vanguard includes fields with default values",
  },
  {
    name: "GetCheckout-Error",
    service: "LibraryService",
    verb: "GET",
    path: "/v2/checkouts/nan",
    expected: { status: 400, contentType: json },
  },
  {
    name: "Index",
    service: "ContentService",
    verb: "GET",
    path: "/page.html",
    call: {
      method: "Index",
      requests: [{ page: "page.html" }],
      responses: [{ contentType: "text/html", data: Buffer.from("<html>hello</html>").toString("base64") }],
    },
    expected: { status: 200, contentType: "text/html", body: "<html>hello</html>" },
  },
  {
    name: "Upload",
    service: "ContentService",
    verb: "POST",
    path: "/message.txt:upload",
    headers: { "content-type": "text/plain" },
    body: "hello",
    call: { method: "Upload", requests: [{ filename: "message.txt", file: { contentType: "text/plain", data: hello } }], responses: [{}] },
    expected: { status: 200, contentType: json, body: {} },
  },
  { ...download, name: "Download", path: "/message.txt:download" },
  { ...download, name: "DiscardUnknownQueryParams", path: "/message.txt:download?unknownParam=1" },
];
