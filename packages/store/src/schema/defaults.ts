// The tutorial's shop answers for each product and each user. These are the values of those that
// have no row.

export const defaultPrice = 20.5;

export function nameOfProduct(prodId: number): string {
  return `product ${prodId}`;
}

/** The score of a user in [0, 100): the same in each call. */
export function scoreOfUser(userId: number): number {
  // Multiplicative hashing, so that the scores of neighbouring ids differ. `>>> 0` makes the
  // product unsigned.
  return (Math.imul(userId, 0x9e3779b1) >>> 0) % 100;
}
