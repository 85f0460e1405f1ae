// Some tools use the compiler's API, which TypeScript 7 does not have, and ask for TypeScript 5 as a peer. That would be the `tsc` of the
// package that uses them. Here it is a dependency of their own: the version that protoc-gen-es has anyway, or the newest of 5.
const typescript = { "openapi-typescript": "5.4.5", typedoc: "5.9.3" };

module.exports = {
  hooks: {
    readPackage(manifest) {
      const version = typescript[manifest.name];
      if (version !== undefined) {
        manifest.dependencies.typescript = version;
        delete manifest.peerDependencies.typescript;
      }
      return manifest;
    },
  },
};
