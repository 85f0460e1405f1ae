// Creates channels over HTTP/2.
import type { Channel } from "../transport/client.ts";
import { http2Dial } from "../transport/http2/client/dial.ts";
import { type ChannelDependencies, openChannel } from "./open-channel.ts";
import { type ChannelOptions, readOptions } from "./options.ts";
import { systemLookup } from "./resolver.ts";

const dependencies: ChannelDependencies = { dialer: http2Dial, lookup: systemLookup };

/**
 * Creates a channel. It connects at the first call, or by `connect()`.
 *
 * @example
 * using channel = createChannel("dns:shop.example:50051", { tls: true, balancing: "round_robin" });
 * const client = createClient(Orders, channel);
 *
 * @param target `host:port`, `dns:host:port`, `ipv4:10.0.0.1:50051,10.0.0.2:50051`,
 * `ipv6:[::1]:50051` or `unix:path`. The default port is 443.
 * @throws TypeError if the target is malformed, or an option is unknown or has the wrong type.
 * RangeError if the value of an option is out of range. TlsFileError if a certificate or key of
 * `tls` is unusable.
 */
export function createChannel(target: string, options: ChannelOptions = {}): Channel {
  return openChannel(target, readOptions("createChannel()", options), dependencies);
}
