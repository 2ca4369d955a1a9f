import { Deferred } from '@safesync/core';
import { RowReaders } from './row-readers.js';

describe('RowReaders', () => {
  it('know of a reader until he says that he is done, whatever the server has sent', async () => {
    const readers = new RowReaders();
    const end = readers.begin(Promise.resolve());
    await Promise.resolve();
    expect(readers).toMatchObject({ isReading: true, draining: 0 });
    end();
    expect(readers).toMatchObject({ isReading: false, draining: 0 });
  });

  it('know of rows that still come when nobody reads any more', async () => {
    const readers = new RowReaders();
    const ended = new Deferred();
    readers.begin(ended.promise)();
    expect(readers).toMatchObject({ isReading: false, draining: 1 });
    ended.reject(new Error('lost'));
    await ended.promise.catch(() => undefined);
    expect(readers.draining).toBe(0);
  });

  it('do not take the late end of one for that of the next', () => {
    const readers = new RowReaders();
    const endOfFirst = readers.begin(Promise.resolve());
    endOfFirst();
    readers.begin(new Promise(() => undefined));
    endOfFirst();
    expect(readers).toMatchObject({ isReading: true, draining: 1 });
  });
});
