import { QueueConfig } from './queue-config.js';

describe('QueueConfig', () => {
  it('K1 refuses block_ms 0 and below, in the words of the Python library', () => {
    const config = (blockMs: number): QueueConfig => {
      return new QueueConfig({ streamKey: 's', consumerGroup: 'g', consumerName: 'c', blockMs });
    };
    for (const blockMs of [0, -1]) {
      expect(() => config(blockMs)).toThrow('block_ms must be > 0; Redis interprets 0 as infinite blocking');
    }
    expect(config(1).blockMs).toBe(1);
  });

  it('names every fault at once', () => {
    const wrong = { streamKey: '', consumerGroup: '', consumerName: 'c', blockMs: 1.5, claimIdleMs: -1 };
    expect(() => new QueueConfig(wrong)).toThrow(
      'QueueConfig: streamKey must be a text that is not empty; consumerGroup must be a text that is not empty; ' +
        'blockMs must be an integer; claimIdleMs must be an integer >= 0.',
    );
  });

  it('has the defaults of the Python library and cannot be changed', () => {
    const config = new QueueConfig({ streamKey: 's', consumerGroup: 'g', consumerName: 'c' });
    expect(config).toMatchObject({ claimIdleMs: 60_000, blockMs: 5_000, claimSkipOwnMessages: false });
    expect(Object.isFrozen(config)).toBe(true);
  });
});
