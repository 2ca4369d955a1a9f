import fc from 'fast-check';
import { JsonCodec } from '../message/json.codec.js';
import { dataOf, readMessage } from '../message/message.js';
import { MessageDecodeError, MessageFormatError, UnexpectedReplyError } from '../queue.errors.js';
import { parseClaimResult } from './claim.js';
import { parseOutcomes, parseOwnPending, parseReclaimed } from './fenced.js';
import { parseReadReply, type StreamEntry } from './stream-entry.js';

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
const fields = fc.array(bytes, { maxLength: 8 });
const id = fc.tuple(fc.nat(), fc.nat()).map(([ms, n]) => Buffer.from(`${ms}-${n}`));

function nameOf(work: () => unknown): string {
  try {
    work();
    return 'fine';
  } catch (error) {
    return (error as Error).name;
  }
}

describe('replies of XREADGROUP', () => {
  it('keep every entry, whatever its fields are', () => {
    const entries = fc.array(fc.tuple(id, fc.option(fields)));
    fc.assert(
      fc.property(bytes, entries, (stream, given) => {
        const parsed = parseReadReply([[stream, given]]);
        expect(parsed).toEqual(
          given.map(([entryId, content]) => ({ id: String(entryId), fields: content, deliveryCount: 1 })),
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it('are the same with texts instead of buffers', () => {
    expect(parseReadReply([['s', [['1-1', ['data', '{}']]]]])).toEqual(
      parseReadReply([[Buffer.from('s'), [[Buffer.from('1-1'), [Buffer.from('data'), Buffer.from('{}')]]]]]),
    );
  });

  it('of nothing are no entries', () => {
    expect(parseReadReply(null)).toEqual([]);
    expect(parseReadReply([['s', []]])).toEqual([]);
  });
});

it('a reply of any shape is read or is an UnexpectedReplyError', () => {
  const scalar = fc.oneof(fc.integer(), bytes, fc.constant(null), fc.boolean(), fc.string());
  const { reply } = fc.letrec<{ reply: unknown }>((tie) => ({
    reply: fc.oneof({ depthSize: 'small' }, scalar, fc.array(tie('reply'), { maxLength: 8 })),
  }));
  fc.assert(
    fc.property(reply, (given) => {
      for (const parse of [parseReadReply, parseClaimResult, parseOwnPending, parseReclaimed, parseOutcomes]) {
        expect(['fine', UnexpectedReplyError.name]).toContain(nameOf(() => parse(given)));
      }
    }),
    { numRuns: 3_000 },
  );
});

it('an entry of any content is a message, a format error or a decode error, and never anything else', () => {
  const data = fc.oneof(
    bytes,
    fc.json().map((json) => Buffer.from(json)),
  );
  const content = fc.oneof(
    fields,
    data.map((value) => [Buffer.from('data'), value]),
  );
  const codec = new JsonCodec();
  fc.assert(
    fc.property(fc.option(content), (given) => {
      const entry: StreamEntry = { id: '1-1', fields: given, deliveryCount: 1 };
      const allowed = ['fine', MessageFormatError.name, MessageDecodeError.name];
      expect(allowed).toContain(nameOf(() => readMessage(entry, { stream: 's', group: 'g' }, codec)));
    }),
    { numRuns: 3_000 },
  );
});

describe('the one field', () => {
  const entry = (...content: string[]): StreamEntry => ({
    id: '7-0',
    fields: content.map((text) => Buffer.from(text)),
    deliveryCount: 1,
  });

  it.each([
    [entry(), 'entry 7-0 has 0 fields instead of one'],
    [entry('other', '{}'), 'entry 7-0 has a field that is not named data'],
    [entry('data', '{}', 'trace', 'x'), 'entry 7-0 has 2 fields instead of one'],
    [entry('data', '{}', 'data', '{}'), 'entry 7-0 has 2 fields instead of one'],
    [{ ...entry(), fields: null }, 'entry 7-0 was trimmed from the stream'],
  ])('is insisted upon (%#)', (given, fault) => {
    expect(() => dataOf(given)).toThrow(`Invalid stream entry format: ${fault}.`);
  });
});

describe('messages', () => {
  const codec = new JsonCodec();
  const message = (text: string, entryId = '7-0') =>
    readMessage(
      { id: entryId, fields: [Buffer.from('data'), Buffer.from(text)], deliveryCount: 3 },
      { stream: 's', group: 'g' },
      codec,
    );

  it('carry what the producer gave', () => {
    expect(message('{"a":1,"__safesync":{"id":"m","key":"k","headers":{"h":"v"}}}')).toEqual({
      id: 'm',
      entryId: '7-0',
      stream: 's',
      group: 'g',
      payload: { a: 1 },
      key: 'k',
      headers: { h: 'v' },
      deliveryCount: 3,
    });
  });

  it('without an id get one that depends on entry and content', () => {
    const ids = [message('{"a":1}'), message('{"a":2}'), message('{"a":1}', '8-0'), message('{"a":1}')].map(
      ({ id: made }) => made,
    );
    expect(new Set(ids).size).toBe(3);
    expect(ids[3]).toBe(ids[0]);
    expect(ids[0]).toMatch(/^7-0:[\w-]{22}$/);
  });
});
