// The maximum sizes of the packages. The tests fail above them, so growth is a decision made here.

const KB = 1000;

export const budget: {
  /** The compressed size of each tarball, in bytes. */
  readonly tarballs: Readonly<Record<string, number>>;
  /**
   * The size of the tree that `npm install` creates: bytes of all files, and the number of
   * packages.
   */
  readonly trees: Readonly<Record<"rpc" | "gateway", { readonly bytes: number; readonly packages: number }>>;
} = {
  tarballs: {
    "@grpc-study/auth": 60 * KB,
    "@grpc-study/codec": 200 * KB,
    "@grpc-study/command": 20 * KB,
    // The files of the page, each also compressed by brotli and gzip. CodeMirror, and buf.validate with CEL,
    // are two thirds of it, and loaded when they are needed.
    "@grpc-study/console": 1_050 * KB,
    // Half of it is Swagger UI. The rest is code, with its sources and source maps.
    "@grpc-study/gateway": 1_150 * KB,
    "@grpc-study/http2": 200 * KB,
    "@grpc-study/log": 20 * KB,
    "@grpc-study/nestjs": 40 * KB,
    "@grpc-study/otel": 60 * KB,
    "@grpc-study/rpc": 700 * KB,
  },
  trees: {
    rpc: { bytes: 6_600 * KB, packages: 4 },
    gateway: { bytes: 29_000 * KB, packages: 90 },
  },
};
