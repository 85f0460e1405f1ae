// openapi-typescript writes types with the API of the compiler, which TypeScript 7 does not have, and asks for TypeScript 5 as a peer: that
// would be the `tsc` of the package that uses it. Here it is a dependency of its own, in the version that protoc-gen-es has anyway.
module.exports = {
  hooks: {
    readPackage(manifest) {
      if (manifest.name === "openapi-typescript") {
        manifest.dependencies.typescript = "5.4.5";
        delete manifest.peerDependencies.typescript;
      }
      return manifest;
    },
  },
};
