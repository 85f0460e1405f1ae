// `buf curl`, a client on connect-go and protobuf-go.
import { join } from "node:path";
import { fromJson, type JsonObject, type JsonValue } from "@bufbuild/protobuf";
import { buf, protoFolder } from "../harness/paths.ts";
import { outcomeOf, Process } from "../harness/process.ts";
import { type Caller, toProtoJson } from "./caller.ts";

export function startBufCurl(args: readonly string[], input = ""): Process {
  return new Process(process.execPath, [buf, "curl", "--protocol", "grpc", "--http2-prior-knowledge", ...args], { input });
}

/**
 * @param options the options of `buf curl`; by default it reads the schema from the .proto file.
 */
export const callWithBufCurl =
  (options?: readonly string[]): Caller =>
  async (address, { method, requests, take }) => {
    const { parent, input, output } = method;
    const schema = options ?? ["--schema", join(protoFolder, `${parent.file.name}.proto`)];
    const data = requests.map((request) => JSON.stringify(toProtoJson(input, fromJson(input, request)))).join("\n");
    await using curl = startBufCurl([...schema, "-d", "@-", `http://${address}/${parent.typeName}/${method.name}`], data);
    if (take !== undefined) {
      // Each response is one JSON object, whose last line is a brace.
      let braces = 0;
      await curl.stdout.line((line) => line === "}" && ++braces === take);
      return { responses: parse(curl.stdout.text).slice(0, take).map(normalize), code: 0, message: "" };
    }
    const { status, stdout, stderr } = await outcomeOf(curl);
    const responses = parse(stdout).map(normalize);
    if (status === 0) return { responses, code: 0, message: "" };
    // https://buf.build/docs/reference/cli/buf/curl: the exit status is the code, shifted by three
    // bits.
    return { responses, code: (status ?? 0) >> 3, message: (parse(stderr)[0]?.["message"] as string | undefined) ?? stderr };

    function normalize(response: JsonValue): JsonObject {
      return toProtoJson(output, fromJson(output, response));
    }
  };

function parse(text: string): JsonObject[] {
  return text
    .split(/^(?=\{)/m)
    .filter((part) => part.trim() !== "")
    .map((part) => JSON.parse(part) as JsonObject);
}
