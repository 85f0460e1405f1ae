// Runs in a page: makes a call with one of the clients from npm.
import type { JsonObject } from "@bufbuild/protobuf";
import { servicesOf } from "../../gateway/clients/topics.ts";
import { webClients } from "../../gateway/clients/web.ts";
import type { CallInit, Ending } from "../../peers/call.ts";

/** A call as JSON, because a page does not share objects with the test. */
export interface PageCall extends Omit<CallInit, "method"> {
  /** The name of the client. */
  readonly client: string;
  /** The URL of the gateway. */
  readonly url: string;
  readonly topic: string;
  /** `<package.Service>/<Method>` */
  readonly method: string;
  readonly requests: readonly JsonObject[];
}

declare global {
  /** Makes a `PageCall` in JSON. */
  var callGateway: (call: string) => Promise<Ending>;
}

globalThis.callGateway = async (json) => {
  const { client: name, url, topic, method: path, ...init } = JSON.parse(json) as PageCall;
  const client = webClients.find((client) => client.name === name);
  const methods = (servicesOf[topic] ?? []).flatMap((service) => service.methods);
  const method = methods.find((method) => `${method.parent.typeName}/${method.name}` === path);
  if (client === undefined || method === undefined) throw new Error(`no client ${name}, or no method ${path} of ${topic}`);
  return await client.call(url, { method, ...init });
};
