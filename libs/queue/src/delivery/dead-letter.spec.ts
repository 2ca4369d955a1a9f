import { firstSeenAtOf, rawContentOf } from './dead-letter.js';

const entry = (...fields: (string | Buffer)[]) => ({
  id: '1-1',
  deliveryCount: 1,
  fields: fields.map((field) => Buffer.from(field as string)),
});

describe('content of a dead letter', () => {
  it('is the text of the one field data, unchanged', () => {
    expect(rawContentOf(entry('data', '{"a": "\\u00e4ä"}'))).toEqual({ data: '{"a": "\\u00e4ä"}' });
  });

  it.each([
    ['another field', entry('other', 'x')],
    ['two fields', entry('data', 'x', 'more', 'y')],
    ['no field', entry()],
    ['bytes that are no UTF-8', entry('data', Buffer.from([0xff, 0xfe, 0x00]))],
    ['a name that only looks like data', entry(Buffer.from([0x64, 0x61, 0x74, 0xe1]), 'x')],
  ])('is every byte in base64 for %s', (_what, strange) => {
    const { raw, data } = rawContentOf(strange);
    expect(data).toBeUndefined();
    expect(raw?.map((field) => Buffer.from(field, 'base64'))).toEqual(strange.fields);
  });
});

describe('firstSeenAtOf', () => {
  it('reads the time from an id that Redis made', () => {
    expect(firstSeenAtOf('1767225600000-3')).toBe('2026-01-01T00:00:00.000Z');
  });

  it.each(['5-1', '0-1', '99999999999999999999-0', 'x'])('says nothing about %s', (id) => {
    expect(firstSeenAtOf(id)).toBeUndefined();
  });
});
