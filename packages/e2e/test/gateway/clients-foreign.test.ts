// HTTP clients of other languages: Java's HttpClient, Go's net/http, Python's http.client and curl,
// each with every kind of call, as REST and as Connect, with the request itself, HEAD, OPTIONS, and
// offers of an upgrade. Java and `curl --http2` offer h2c by themselves.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildGo, hasGo } from "../harness/go-program.ts";
import { run } from "../harness/process.ts";
import { Folder, writeSet } from "../security/certificates.ts";
import { type Front, startFront } from "./clients/upstream.ts";

const started = new AsyncDisposableStack();
let plain: Front;
let secure: Front;

beforeAll(async () => {
  const folder = started.use(await Folder.make());
  await writeSet(folder);
  const tls = { cert: folder.file("server.pem"), key: folder.file("server.key") };
  plain = started.use(await startFront({ origins: [] }));
  secure = started.use(await startFront({ origins: [], tls }));
});
afterAll(() => started.disposeAsync());

interface Question {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface Answer {
  readonly status: number;
  /** The header `allow`. */
  readonly allow: string;
  readonly body: string;
}

/** Frames of a Connect stream. */
const frames = (...messages: readonly string[]) => messages.map((json) => `\0${String.fromCharCode(0, 0, 0, json.length)}${json}`).join("");
const lastFrame = (json = "{}") => `\x02${String.fromCharCode(0, 0, 0, json.length)}${json}`;

const ndjson = { "content-type": "application/x-ndjson" };
const connectStream = { "content-type": "application/connect+json", "connect-protocol-version": "1" };
const lines = [1, 2, 3].map((n) => `{"result":{"data":"a ${n}"}}\n`).join("");
const streamed = [1, 2, 3].map((n) => `{"data":"a ${n}"}`);
const ok = (body: string): Answer => ({ status: 200, allow: "", body });

/** A call of each kind, with its answer. */
const calls: Readonly<Record<string, readonly [question: Question, answer: Answer, allow: string]>> = {
  "REST, unary": [{ method: "GET", path: "/v1/greetings/a" }, ok('{"message":"Hello a"}'), "GET, HEAD, OPTIONS"],
  "REST, server stream": [{ method: "GET", path: "/v1/streams/a" }, ok(lines), "GET, HEAD, OPTIONS"],
  "REST, client stream": [
    { method: "POST", path: "/v1/puts", headers: ndjson, body: '{"data":"a"}\n{"data":"b"}\n' },
    ok('{"data":"a b"}'),
    "OPTIONS, POST",
  ],
  "REST, bidirectional stream": [
    { method: "POST", path: "/v1/talks", headers: ndjson, body: '{"data":"a"}\n{"data":"b"}\n' },
    ok('{"result":{"data":"a!"}}\n{"result":{"data":"b!"}}\n'),
    "OPTIONS, POST",
  ],
  "Connect, unary": [
    {
      method: "POST",
      path: "/proto.Greeter/SayHello",
      headers: { "content-type": "application/json", "connect-protocol-version": "1" },
      body: '{"name":"a"}',
    },
    ok('{"message":"Hello a"}'),
    "OPTIONS, POST",
  ],
  "Connect, server stream": [
    { method: "POST", path: "/Greeter/GetStream", headers: connectStream, body: frames('{"data":"a"}') },
    ok(frames(...streamed) + lastFrame()),
    "OPTIONS, POST",
  ],
  "Connect, client stream": [
    { method: "POST", path: "/Greeter/PutStream", headers: connectStream, body: frames('{"data":"a"}', '{"data":"b"}') },
    ok(frames('{"data":"a b"}') + lastFrame()),
    "OPTIONS, POST",
  ],
  "Connect, bidirectional stream": [
    { method: "POST", path: "/Greeter/AllStream", headers: connectStream, body: frames('{"data":"a"}', '{"data":"b"}') },
    ok(frames('{"data":"a!"}', '{"data":"b!"}') + lastFrame()),
    "OPTIONS, POST",
  ],
};

/** The variants of each call. */
const exchanges = Object.entries(calls).flatMap(([title, [question, answer, allow]]) => {
  const { method, path, headers } = question;
  const isGet = method === "GET";
  const headOrError: Answer = isGet ? { status: 200, allow: "", body: "" } : { status: 405, allow, body: "" };
  return [
    { title, question, answer },
    ...["h2c", "TLS/1.0", "other"].map((name) => ({
      title: `${title}, with an offer of ${name}`,
      question: { ...question, headers: { ...headers, connection: "Upgrade", upgrade: name } },
      answer,
      upgrade: true,
    })),
    { title: `${title}, HEAD`, question: { method: "HEAD", path }, answer: headOrError },
    { title: `${title}, OPTIONS`, question: { method: "OPTIONS", path }, answer: { status: 204, allow, body: "" } },
  ].map((exchange) => ({ upgrade: false, ...exchange }));
});

/** Makes the requests, and returns the answers with the version of HTTP. */
type Ask = (url: string, questions: readonly Question[]) => Promise<readonly (Answer & { version: string })[]>;

const program =
  (command: string, ...args: readonly string[]): Ask =>
  async (url, questions) => {
    const input = questions
      .map(({ method, path, headers = {}, body = "" }) => {
        const fields = Object.entries(headers).map((field) => field.join(": "));
        return `${[method, path, fields.join("|"), Buffer.from(body, "latin1").toString("base64")].join("\t")}\n`;
      })
      .join("");
    const { stdout, stderr } = await run(command, [...args, url], { input });
    expect(stderr).toBe("");
    return stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => {
        const [status, version = "", allow = "", body = ""] = line.split("\t");
        return { status: Number(status), version, allow, body: Buffer.from(body, "base64").toString("latin1") };
      });
  };

/** Makes a request with curl. A process each: curl 7 cannot use a connection of prior knowledge twice. */
const curl =
  (flag: string): Ask =>
  (url, questions) =>
    Promise.all(
      questions.map(async ({ method, path, headers = {}, body }) => {
        const fields = Object.entries(headers).flatMap((field) => ["-H", field.join(": ")]);
        const sent = body === undefined ? [] : ["--data-binary", "@-"];
        const verb = method === "HEAD" ? ["--head", "-o", "/dev/null"] : ["-X", method];
        const out = ["-w", "%{stderr}%{http_code}\t%{http_version}\t%header{allow}"];
        const args = ["-sk", flag, ...verb, ...fields, ...sent, ...out, url + path];
        const { stdout, stderr } = await run("curl", args, { input: body ?? "" });
        const [status, version = "", allow = ""] = stderr.split("\t");
        return { status: Number(status), version, allow, body: stdout };
      }),
    );

const runs = (command: string, ...args: readonly string[]) => spawnSync(command, args).status === 0;
const foreign = (path: string) => fileURLToPath(new URL(`../../foreign/${path}`, import.meta.url));
const curlVersion = spawnSync("curl", ["--version"], { encoding: "utf8" }).stdout ?? "";

interface ForeignClient {
  readonly name: string;
  /** Why the client is skipped. */
  readonly missing: string | false;
  readonly ask: () => Ask;
  /** The version of HTTP over plaintext and over TLS. A client without one is not tested over it. */
  readonly plaintext?: string;
  readonly tls?: string;
  /** Whether the test can set `Upgrade` in requests over plaintext. */
  readonly addsUpgrades?: true;
}

const needsCurl = !curlVersion.includes("HTTP2") && "needs curl with HTTP/2";

const clients: readonly ForeignClient[] = [
  {
    name: "Java's HttpClient",
    missing: !runs("java", "-version") && "needs Java 11 or later",
    ask: () => program("java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", foreign("java/Ask.java")),
    plaintext: "1.1",
    tls: "2",
  },
  {
    name: "Go's net/http",
    missing: !hasGo && "needs Go",
    ask: () => program(buildGo("ask")),
    plaintext: "1.1",
    tls: "2",
    addsUpgrades: true,
  },
  {
    name: "Python's http.client",
    missing: !runs("python3", "--version") && "needs Python 3",
    ask: () => program("python3", foreign("python/ask.py")),
    plaintext: "1.1",
    tls: "1.1",
    addsUpgrades: true,
  },
  { name: "curl --http1.1", missing: needsCurl, ask: () => curl("--http1.1"), plaintext: "1.1", tls: "1.1", addsUpgrades: true },
  { name: "curl --http2", missing: needsCurl, ask: () => curl("--http2"), plaintext: "1.1", tls: "2" },
  { name: "curl --http2-prior-knowledge", missing: needsCurl, ask: () => curl("--http2-prior-knowledge"), plaintext: "2" },
];

describe.each(clients)("$name", ({ missing, ask, plaintext, tls, addsUpgrades }) => {
  const check = async (url: string, version: string, upgrades: boolean) => {
    const asked = exchanges.filter(({ upgrade }) => upgrades || !upgrade);
    const answers = await ask()(
      url,
      asked.map(({ question }) => question),
    );
    const named = (answers: readonly (Answer & { version: string })[]) =>
      Object.fromEntries(asked.map(({ title }, index) => [title, answers[index]]));
    expect(named(answers)).toEqual(named(asked.map(({ answer }) => ({ ...answer, version }))));
  };

  if (plaintext !== undefined) {
    test.skipIf(missing)(missing || "gets the same answers as any client over plaintext", () =>
      check(plain.url, plaintext, addsUpgrades === true),
    );
  }
  if (tls !== undefined) {
    test.skipIf(missing)(missing || "gets the same answers as any client over TLS", () => check(secure.url, tls, false));
  }
});
