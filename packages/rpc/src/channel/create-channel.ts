// Channels over HTTP/2: what users make.
import type { Channel } from "../transport/client.ts";
import { http2Dial } from "../transport/http2/client/dial.ts";
import { type Foundation, openChannel } from "./open-channel.ts";
import { type ChannelOptions, readOptions } from "./options.ts";
import { systemLookup } from "./resolver.ts";

const foundation: Foundation = { dialer: http2Dial, lookup: systemLookup };

/**
 * Makes a channel. It connects at the first call, or by `connect()`.
 *
 * @example
 * using channel = createChannel("dns:shop.example:50051", { tls: true, balancing: "round_robin" });
 * const client = createClient(Orders, channel);
 *
 * @param target `host:port` or `dns:host:port`; `ipv4:10.0.0.1:50051,10.0.0.2:50051`; `ipv6:[::1]:50051`; `unix:path`. Without a port: 443.
 * @throws TypeError if the target cannot be understood, or an option does not exist or is of a wrong type; RangeError if its value is out of range;
 * TlsFileError if a certificate or key of `tls` cannot be used.
 */
export function createChannel(target: string, options: ChannelOptions = {}): Channel {
  return openChannel(target, readOptions("createChannel()", options), foundation);
}
