import { requireEnd } from './payload-end.js';

const nested = (depth: number): object => {
  let value: object = {};
  for (let i = 1; i < depth; i++) value = i % 2 === 0 ? { inner: value } : [value];
  return value;
};

describe('requireEnd', () => {
  it('takes whatever ends, the same object twice and instances that JSON would refuse too', () => {
    const shared = { a: 1 };
    const payload = { at: new Date(0), big: 1n, none: undefined, no: null, list: [shared, shared], map: new Map() };
    expect(() => requireEnd(payload)).not.toThrow();
    expect(() => requireEnd(nested(1_000))).not.toThrow();
  });

  it('refuses a circle and says where it closes', () => {
    const circle: { lines: unknown[] } = { lines: [{}] };
    circle.lines.push({ order: circle });
    expect(() => requireEnd(circle)).toThrow('$.lines[1].order refers to an object that it is inside of');
  });

  it('refuses a circle through an object without a prototype', () => {
    const bare = Object.create(null) as Record<string, unknown>;
    bare.self = bare;
    expect(() => requireEnd(bare)).toThrow('$.self refers to an object');
  });

  it('refuses what is nested deeper than anybody reads', () => {
    expect(() => requireEnd(nested(1_001))).toThrow('nested deeper than 1000');
  });
});
