// Values that several messages contain.

export const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

export const user = (i: number) => ({
  id: i + 1,
  name: `User Number ${i}`,
  email: `user.${i}@example.com`,
  age: 20 + (i % 60),
  active: i % 3 !== 0,
  gender: i % 3,
  score: i * 1.25,
  tags: times(i % 3, (j) => `tag-${j}`),
  address: { city: i % 2 ? "Shanghai" : "北京", street: `${i} Long Road`, zip: String(100_000 + i) },
});

/** 7 bytes. */
export const hello = { name: "world" };

/** 2.8 KB. */
export const users = { users: times(30, user), nextPageToken: "abcdef" };
