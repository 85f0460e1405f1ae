// Server reflection, v1 and v1alpha
// (https://github.com/grpc/grpc/blob/master/doc/server-reflection.md).
import {
  create,
  type DescFile,
  type DescMessage,
  type DescService,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import {
  type ServerReflectionRequest,
  ServerReflectionRequestSchema,
  ServerReflectionResponseSchema,
} from "../../../gen/grpc/reflection/v1/reflection_pb.js";
import {
  type ServerReflectionRequest as AlphaRequest,
  ServerReflectionRequestSchema as AlphaRequestSchema,
  ServerReflectionResponseSchema as AlphaResponseSchema,
} from "../../../gen/grpc/reflection/v1alpha/reflection_pb.js";
import { Code } from "../../protocol/code.ts";
import { FileIndex, serializeFile, withImports } from "./index-of-files.ts";

type Answer = NonNullable<MessageInitShape<typeof ServerReflectionResponseSchema>["messageResponse"]>;

/**
 * Returns the handlers of `grpc.reflection.v1` and `grpc.reflection.v1alpha`.
 * @param services returns the current services of the server.
 */
export function reflectionHandlers(services: () => readonly DescService[]) {
  let index: FileIndex | undefined;
  let indexed = 0;
  const currentIndex = () => {
    const now = services();
    if (index === undefined || indexed !== now.length) index = new FileIndex(now);
    indexed = now.length;
    return index;
  };

  async function* answerAll(requests: AsyncIterable<ServerReflectionRequest>) {
    const sent = new Set<DescFile>();
    for await (const request of requests) {
      yield create(ServerReflectionResponseSchema, {
        validHost: request.host,
        originalRequest: request,
        messageResponse: answer(request.messageRequest, currentIndex(), services, sent),
      });
    }
  }

  return {
    v1: { serverReflectionInfo: answerAll },
    v1alpha: {
      async *serverReflectionInfo(requests: AsyncIterable<AlphaRequest>) {
        const responses = answerAll(convertAll(requests, AlphaRequestSchema, ServerReflectionRequestSchema));
        yield* convertAll(responses, ServerReflectionResponseSchema, AlphaResponseSchema);
      },
    },
  };
}

/** Converts between v1 and v1alpha, whose messages differ only in their package. */
async function* convertAll<From extends DescMessage, To extends DescMessage>(
  messages: AsyncIterable<MessageShape<From>>,
  from: From,
  to: To,
): AsyncGenerator<MessageShape<To>> {
  for await (const message of messages) yield fromBinary(to, toBinary(from, message));
}

function answer(
  request: ServerReflectionRequest["messageRequest"],
  index: FileIndex,
  services: () => readonly DescService[],
  sent: Set<DescFile>,
): Answer {
  switch (request.case) {
    case "fileByFilename":
      return files(index.file(request.value), `file "${request.value}"`, sent);
    case "fileContainingSymbol":
      return files(index.fileOfSymbol(request.value), `symbol "${request.value}"`, sent);
    case "fileContainingExtension": {
      const { containingType, extensionNumber } = request.value;
      return files(index.fileOfExtension(containingType, extensionNumber), `extension ${extensionNumber} of "${containingType}"`, sent);
    }
    case "allExtensionNumbersOfType": {
      const extensionNumber = index.extensionNumbers(request.value);
      if (extensionNumber === undefined) return error(Code.NOT_FOUND, `unknown message "${request.value}"`);
      return { case: "allExtensionNumbersResponse", value: { baseTypeName: request.value, extensionNumber } };
    }
    case "listServices": {
      const names = services().map(({ typeName }) => typeName);
      return { case: "listServicesResponse", value: { service: names.sort().map((name) => ({ name })) } };
    }
    default:
      return error(Code.INVALID_ARGUMENT, "the request has no message_request that this server supports");
  }
}

/** Returns a file and those of its imports that have not been sent on this stream. */
function files(file: DescFile | undefined, what: string, sent: Set<DescFile>): Answer {
  if (file === undefined) return error(Code.NOT_FOUND, `unknown ${what}`);
  const missing = [...withImports(file)].filter((each) => each === file || !sent.has(each));
  for (const each of missing) sent.add(each);
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto: missing.map(serializeFile) } };
}

function error(errorCode: Code, errorMessage: string): Answer {
  return { case: "errorResponse", value: { errorCode, errorMessage } };
}
