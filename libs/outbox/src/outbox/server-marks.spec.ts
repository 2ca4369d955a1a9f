import type { RedisConnection } from '@safesync/queue';
import { ServerMarks } from './server-marks.js';

describe('ServerMarks', () => {
  it('names a server only for what came over the socket on which it said who it is', () => {
    const marks = new ServerMarks();
    const server = Buffer.from('one');
    const over = (epoch: number): Buffer | null =>
      marks.unlessReplaced({ epoch } as unknown as RedisConnection, { epoch: 1, server });
    expect([over(1), over(2)]).toEqual([server, null]);
  });
});
