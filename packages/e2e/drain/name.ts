// A name whose addresses change, as that of a headless Service in Kubernetes. It replaces
// `dns.lookup` for this name in this process; everything above it is the resolver of the channel.
import dns from "node:dns";
import { syncBuiltinESMExports } from "node:module";

type Callback = (error: NodeJS.ErrnoException | null, addresses: dns.LookupAddress[]) => void;

export class ChangingName implements Disposable {
  addresses: readonly string[] = [];
  readonly #lookup = dns.lookup;

  constructor(name: string) {
    const { lookup } = dns;
    const replaced = (host: string, options: dns.LookupAllOptions, callback: Callback) => {
      if (host !== name) return lookup(host, options, callback);
      const found = this.addresses.map((address) => ({ address, family: 4 }));
      setImmediate(callback, null, found);
    };
    Object.assign(dns, { lookup: replaced });
    syncBuiltinESMExports();
  }

  [Symbol.dispose](): void {
    Object.assign(dns, { lookup: this.#lookup });
    syncBuiltinESMExports();
  }
}
