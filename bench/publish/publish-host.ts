import type { Host } from '../process/contender.js';
import { type Lap, Stopwatch } from '../process/stopwatch.js';
import type { PublishModule, PublishSetup, Share } from './publish-contender.js';

export interface PublishOrder extends Share {
  readonly step: 'prepare' | 'publish';
}

/** Times a contender from its first call to its last answer. */
export const host: Host<PublishModule, PublishSetup, PublishOrder, Lap> = async (contender, setup, onProgress) => {
  const publishing = (await contender.start(setup))[setup.work];
  if (!publishing) throw new Error(`No such work: ${setup.work}.`);
  return async ({ step, ...share }) => {
    const watch = new Stopwatch();
    if (step === 'prepare') await publishing.prepare?.(share);
    else await publishing.publish(share, onProgress);
    return watch.lap();
  };
};
