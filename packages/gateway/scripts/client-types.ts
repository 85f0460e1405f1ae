// Generates the types of a client for the shop with openapi-typescript, from the OpenAPI document
// of a gateway: test/gen/shop-client.d.ts.
import { writeFileSync } from "node:fs";
import { OrderService, ProdService, UserService } from "@grpc-study/proto/shop";
import { shopDescriptors } from "@grpc-study/proto/shop-descriptors";
import openapiTypescript, { astToString } from "openapi-typescript";
import { bindingsOf } from "../src/http-rule/rule.ts";
import { openApi } from "../src/openapi/index.ts";

const methods = [ProdService, OrderService, UserService].flatMap((service) => service.methods);
const document = openApi(
  methods.flatMap((method) => bindingsOf(method, { unbound: true })),
  { descriptors: shopDescriptors() },
);
// Passed as JSON: openapi-typescript has its own type for documents.
const types = await openapiTypescript(JSON.stringify(document));
writeFileSync(new URL("../test/gen/shop-client.d.ts", import.meta.url), astToString(types));
