// The start of our gateway with two thousand methods, each with a rule: from the descriptor set, as
// `buf build` writes it, to the first response.
import { create, toBinary } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { createGateway, type HttpRuleInit, readDescriptors } from "@grpc-study/gateway";
import { createServer } from "@grpc-study/rpc";
import { times } from "../messages/values.ts";
import type { Serve } from "../process/hosted.ts";

export const methodCount = 2_000;
const perService = 20;

const name = {
  name: "name",
  number: 1,
  type: FieldDescriptorProto_Type.STRING,
  label: FieldDescriptorProto_Label.OPTIONAL,
  jsonName: "name",
};

const descriptorSet = (): Uint8Array =>
  toBinary(
    FileDescriptorSetSchema,
    create(FileDescriptorSetSchema, {
      file: times(methodCount / perService, (service) =>
        create(FileDescriptorProtoSchema, {
          name: `many/service${service}.proto`,
          package: "many",
          syntax: "proto3",
          messageType: times(perService * 2, (message) => ({ name: `Message${service}x${message}`, field: [name] })),
          service: [
            {
              name: `Service${service}`,
              method: times(perService, (method) => ({
                name: `Method${method}`,
                inputType: `.many.Message${service}x${method * 2}`,
                outputType: `.many.Message${service}x${method * 2 + 1}`,
              })),
            },
          ],
        }),
      ),
    }),
  );

const rules = (): HttpRuleInit[] =>
  times(methodCount, (index) => {
    const [service, method] = [Math.floor(index / perService), index % perService];
    return { selector: `many.Service${service}.Method${method}`, pattern: { case: "get", value: `/v1/${service}/${method}/{name}` } };
  });

/** Ready with the milliseconds until the first response. */
export const serve: Serve<unknown, number> = async () => {
  const [bytes, more, upstream] = [descriptorSet(), rules(), createServer().channel()];
  const start = performance.now();
  const gateway = createGateway({ ...readDescriptors(bytes), rules: more, upstream });
  const { port } = await gateway.listen("127.0.0.1:0");
  const { status } = await fetch(`http://127.0.0.1:${port}/v1/7/7/world`);
  const milliseconds = performance.now() - start;
  // The upstream has no methods, so the route was found if it says so.
  if (status !== 501) throw new Error(`expected status 501, got ${status}`);
  await gateway.close();
  return { ready: milliseconds };
};
