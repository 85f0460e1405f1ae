// It is imported for its effect.
export {};
