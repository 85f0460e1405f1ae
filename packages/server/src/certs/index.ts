// Certificates for TLS: a CA, a server certificate and a client certificate in one folder.
export { type Created, type CreateOptions, createCertificates, defaultDays } from "./create.ts";
export { type Ensured, ensureCertificates } from "./ensure.ts";
export { CertificatesError } from "./error.ts";
export { defaultFolder, type Role } from "./folder.ts";
export { defaultNames } from "./names.ts";
export { type CertificateInfo, type CertificateSet, type ReadOptions, readCertificates } from "./read.ts";
