// @grpc-study/release: packs the published packages and installs the tarballs into empty projects.
// Its tests and the bench's group `sizes` use it.
export { budget } from "./budget.ts";
export { install, project, run } from "./install.ts";
export { pack, type Tarball } from "./pack.ts";
export { type PublishedPackage, published } from "./packages.ts";
export { type Installed, type InstalledPackage, installed } from "./size.ts";
