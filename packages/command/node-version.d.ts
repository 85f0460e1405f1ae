// Import this module for its side effect.
export {};
