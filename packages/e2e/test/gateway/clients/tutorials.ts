// The gateways in front of the tutorials' servers.
import { createGateway } from "@grpc-study/gateway";
import { inject } from "vitest";
import { Folder } from "../../security/certificates.ts";
import { serveHello } from "../../security/servers.ts";
import { helloWithToken, servicesOf } from "./topics.ts";

export interface Tutorials extends AsyncDisposable {
  /** The gateway of a topic. One serves all but the variants of hello, which have the same path. */
  urlOf(topic: string): string;
}

/**
 * Starts the gateways.
 *
 * @param origins the origins whose pages may make calls.
 */
export async function startTutorials(...origins: readonly string[]): Promise<Tutorials> {
  const stack = new AsyncDisposableStack();
  const start = async (upstreams: Readonly<Record<string, string>>) => {
    const all = Object.entries(upstreams).map(([topic, upstream]) => ({ services: servicesOf[topic] ?? [], upstream }));
    const [first, ...otherUpstreams] = all as [(typeof all)[number], ...typeof all];
    const gateway = createGateway({ ...first, otherUpstreams, cors: { origin: origins }, graceMs: 0 });
    stack.defer(() => gateway.close());
    return (await gateway.listen("127.0.0.1:0")).url;
  };
  const { "hello-stream": helloStream = "", ...addresses } = inject("addresses");
  const folder = stack.use(await Folder.make());
  const hello = stack.use(await serveHello(folder));
  const all = await start(addresses);
  const others: Readonly<Record<string, string>> = {
    "hello-stream": await start({ "hello-stream": helloStream }),
    [helloWithToken]: await start({ [helloWithToken]: hello.addresses.token }),
  };
  return { urlOf: (topic) => others[topic] ?? all, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}
