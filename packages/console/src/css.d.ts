// Vite bundles a style sheet that a view imports.
declare module "*.css";
