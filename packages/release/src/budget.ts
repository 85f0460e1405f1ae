// How large the packages may be. The tests fail beyond it: a growth is a decision, made here.

const KB = 1000;

export const budget: {
  /** Bytes of each tarball, compressed. */
  readonly tarballs: Readonly<Record<string, number>>;
  /** What `npm install` of some packages leaves: bytes of all files, and packages. */
  readonly trees: Readonly<Record<"rpc" | "gateway", { readonly bytes: number; readonly packages: number }>>;
} = {
  tarballs: {
    "@grpc-study/codec": 200 * KB,
    "@grpc-study/command": 20 * KB,
    "@grpc-study/gateway": 850 * KB,
    "@grpc-study/http2": 200 * KB,
    "@grpc-study/log": 20 * KB,
    "@grpc-study/rpc": 600 * KB,
  },
  trees: {
    rpc: { bytes: 6_000 * KB, packages: 4 },
    gateway: { bytes: 29_000 * KB, packages: 90 },
  },
};
