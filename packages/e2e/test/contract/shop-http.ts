// The contract of the shop over HTTP: requests and their exact responses.

/** The parts of a response that the contract defines. */
export interface ShopAnswer {
  readonly status: number;
  readonly body: string;
  /** `undefined` if the header is absent. */
  readonly contentType: string | undefined;
  readonly allow: string | undefined;
}

export interface ShopRequest {
  readonly title: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly answer: ShopAnswer;
  /** Whether the tutorial's server alone answers so. The command serves methods without a rule in Connect. */
  readonly tutorialOnly?: true;
}

const json = { contentType: "application/json", allow: undefined };
const ok = (body: string): ShopAnswer => ({ status: 200, body, ...json });

/** A google.rpc.Status. */
const failed = (status: number, code: number, message: string, details: readonly object[] = []): ShopAnswer => ({
  status,
  body: JSON.stringify({ code, message, details }),
  ...json,
});

const badRequest = "type.googleapis.com/google.rpc.BadRequest";

/**
 * INVALID_ARGUMENT with one field violation for each fault; the message lists at most three. A
 * parse fault has a colon in its message, and a broken rule has none.
 */
function invalidArgument(mark: " " | ": ", ...faults: readonly (readonly [field: string, description: string])[]): ShopAnswer {
  const more = faults.length > 3 ? ` (and ${faults.length - 3} more)` : "";
  const message =
    faults
      .slice(0, 3)
      .map((fault) => fault.join(mark))
      .join("; ") + more;
  const fieldViolations = faults.map(([field, description]) => ({ field, description }));
  return failed(400, 3, message, [{ "@type": badRequest, fieldViolations }]);
}

const get = (path: string, answer: ShopAnswer, title = `GET ${path}`): ShopRequest => ({ title, method: "GET", path, answer });

function order(title: string, body: string, answer: ShopAnswer): ShopRequest {
  return { title, method: "POST", path: "/v1/orders", headers: { "content-type": "application/json" }, body, answer };
}

function allowed(method: string, path: string, allow: string): ShopRequest {
  const answer = { ...failed(405, 12, `the method ${method} is not allowed, expected one of: ${allow}`), allow };
  return { title: `${method} ${path}`, method, path, answer };
}

function timeout(grpcTimeout: string, answer: ShopAnswer): ShopRequest {
  return { ...get("/v1/prod/998", answer, `Grpc-Timeout: ${grpcTimeout}`), headers: { "grpc-timeout": grpcTimeout } };
}

const noRoute = (path: string) => failed(404, 5, `no route matches ${path}`);
const orderAccepted = ok('{"status":"OK","message":"success"}');

export const shopRequests: readonly ShopRequest[] = [
  get("/v1/prod/998", ok('{"prod_stock":114514}')),
  get("/v1/prod/998?prod_area=B", ok('{"prod_stock":721}')),
  get("/v1/prod/998?prod_area=2", ok('{"prod_stock":666}')),
  get("/v1/prod/998?prodArea=C", ok('{"prod_stock":666}')),
  get("/v1/prod/998?nosuch=1", ok('{"prod_stock":114514}')),
  get("/v1/prod/%39%398", ok('{"prod_stock":114514}')),
  { ...get("/v1/prod/998", { ...ok(""), contentType: "application/json" }), title: "HEAD /v1/prod/998", method: "HEAD" },
  {
    ...get("/v1/prod/998", { status: 204, body: "", contentType: undefined, allow: "GET, HEAD, OPTIONS" }),
    title: "OPTIONS /v1/prod/998",
    method: "OPTIONS",
  },

  get("/v1/prod/abc", invalidArgument(": ", ["prod_id", '"abc" is not an int32'])),
  get("/v1/prod/1.5", invalidArgument(": ", ["prod_id", '"1.5" is not an int32'])),
  get("/v1/prod/99999999999", invalidArgument(": ", ["prod_id", '"99999999999" is out of range for int32'])),
  get("/v1/prod/", invalidArgument(": ", ["prod_id", '"" is not an int32'])),
  get("/v1/prod/998?prod_area=ZZ", invalidArgument(": ", ["prod_area", '"ZZ" is not a value of ProdAreas (A, B, C)'])),
  get("/v1/prod/998?prod_area=9", invalidArgument(" ", ["prod_area", "must be one of A (0), B (1), C (2), is 9"])),
  get("/v1/prod/0", invalidArgument(" ", ["prod_id", "must be greater than 0, is 0"])),
  get(
    "/v1/prod/0?prod_area=9",
    invalidArgument(" ", ["prod_id", "must be greater than 0, is 0"], ["prod_area", "must be one of A (0), B (1), C (2), is 9"]),
  ),

  get("/v1/prod", noRoute("/v1/prod")),
  get("/v1/prod/998/", noRoute("/v1/prod/998/")),
  get("/nope", noRoute("/nope")),
  get("/", { status: 302, body: "", contentType: undefined, allow: undefined }, "GET / redirects to the documentation"),
  {
    ...order("a method without a rule", "{}", noRoute("/services.ProdService/GetProdStocks")),
    path: "/services.ProdService/GetProdStocks",
    tutorialOnly: true,
  },
  {
    ...order("a method without a rule, from a client of Connect", '{"size":1}', ok('{"productes":[{"prod_stock":114514}]}')),
    path: "/services.ProdService/GetProdStocks",
    headers: { "content-type": "application/json", "connect-protocol-version": "1" },
  },

  allowed("POST", "/v1/prod/998", "GET, HEAD, OPTIONS"),
  allowed("DELETE", "/v1/prod/998", "GET, HEAD, OPTIONS"),
  allowed("GET", "/v1/orders", "OPTIONS, POST"),

  order(
    "an order",
    '{"order_id":1,"order_no":"20210722","user_id":7,"order_money":20.5,"order_time":"2021-07-22T10:00:00Z"}',
    orderAccepted,
  ),
  order(
    "an order in lowerCamel, with numbers as text",
    '{"orderId":"1","orderNo":"20210722","userId":"7","orderMoney":"20.5","orderTime":"2021-07-22T12:00:00+02:00"}',
    orderAccepted,
  ),
  order("an order with an unknown field", '{"order_id":1,"order_no":"20210723","user_id":7,"nosuch":[{}]}', orderAccepted),
  order("malformed JSON", "{", failed(400, 3, "malformed JSON: expected property name or '}' at position 1 (line 1 column 2)")),
  order("a list", "[]", invalidArgument(": ", ["order_main", "a list is not an object"])),
  order("an int32 that overflows", '{"order_id":2147483648}', invalidArgument(": ", ["order_main.order_id", "2147483648 is not an int32"])),
  order("a number instead of a string", '{"order_no":5}', invalidArgument(": ", ["order_main.order_no", "5 is not a string"])),
  order(
    "a bad timestamp",
    '{"order_time":"yesterday"}',
    invalidArgument(": ", ["order_main.order_time", '"yesterday" is not a timestamp (RFC 3339)']),
  ),
  order("no body", "", invalidArgument(" ", ["order_main", "is required"])),
  order(
    "an order whose fields all break a rule",
    '{"order_money":-1}',
    invalidArgument(
      " ",
      ["order_main.order_id", "must be greater than 0, is 0"],
      ["order_main.order_no", 'must be at least 1 character, is ""'],
      ["order_main.user_id", "must be greater than 0, is 0"],
      ["order_main.order_money", "must be greater than or equal to 0, is -1"],
    ),
  ),
  {
    ...order("another content type", "{}", failed(415, 3, 'content-type must be application/json, got "text/plain"')),
    headers: { "content-type": "text/plain" },
  },

  get(
    "/v1/history/nosuch",
    failed(404, 5, 'no order has the order_no "nosuch"', [
      { "@type": "type.googleapis.com/google.rpc.ResourceInfo", resourceType: "services.OrderMain", resourceName: "nosuch" },
    ]),
  ),
  get("/v1/history/", invalidArgument(" ", ["order_no", 'must be at least 1 character, is ""'])),
  get("/v1/history?page_size=-1", invalidArgument(" ", ["page_size", "must be greater than or equal to 0, is -1"])),
  get("/v1/history?page_size=many", invalidArgument(": ", ["page_size", '"many" is not an int32'])),
  get("/v1/history?page_token=x", invalidArgument(" ", ["page_token", "must be a next_page_token of the same filter"])),
  ...["/v1/history", "/v1/history:watch"].map((path) =>
    get(
      `${path}?filter=user_id%20%3D%20seven`,
      invalidArgument(" ", ["filter", "must compare user_id with an integer of 32 bits, not seven"]),
    ),
  ),
  get("/v1/history:watch?after_position=-1", invalidArgument(" ", ["after_position", "must be greater than or equal to 0, is -1"])),
  allowed("POST", "/v1/history", "GET, HEAD, OPTIONS"),

  timeout("10S", ok('{"prod_stock":114514}')),
  timeout("1n", failed(504, 4, "deadline exceeded")),
  timeout("zzz", failed(400, 3, 'the header grpc-timeout is malformed: "zzz"')),
];

/** The gateway's response while its gRPC server is down. */
export const shopIsDown = failed(503, 14, "the upstream is not available");
