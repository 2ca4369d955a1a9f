/** What is published, and how: each message awaited, a hundred at once, inside a transaction, from the outbox to the stream. */
export type Work = 'one' | 'many' | 'transaction' | 'relay';

export interface PublishSetup {
  /** Connection URL including the database. */
  readonly mysqlUrl: string;
  readonly redisUrl: string;
  /** The stream; where somebody publishes elsewhere, what his keys begin with. */
  readonly stream: string;
  readonly work: Work;
  readonly concurrency: number;
}

/** The transfers `first` .. `first + count - 1`. */
export interface Share {
  readonly first: number;
  readonly count: number;
}

export interface Publishing {
  /** What has to be there before the clock runs. */
  prepare?(share: Share): Promise<void>;
  /** Resolves once all are surely where they belong. */
  publish(share: Share, onProgress: (done: number) => void): Promise<void>;
}

/** A contender's module: those works that it can do. */
export interface PublishModule {
  start(setup: PublishSetup): Promise<Partial<Record<Work, Publishing>>>;
}

/** Messages of one pipeline. */
export const MANY = 100;

/** The ids of a share in runs of at most `size`. */
export function* runsOf({ first, count }: Share, size: number): Generator<number[]> {
  for (let done = 0; done < count; done += size) {
    yield Array.from({ length: Math.min(size, count - done) }, (_, at) => first + done + at);
  }
}

/** Runs of `size`, each awaited. */
export function inRuns(size: number, publish: (ids: readonly number[]) => Promise<unknown>): Publishing {
  return {
    async publish(share, onProgress) {
      let done = 0;
      for (const ids of runsOf(share, size)) {
        await publish(ids);
        done += ids.length;
        onProgress(done);
      }
    },
  };
}

/** One by one, each awaited, in so many lanes side by side. */
export function inLanes(lanes: number, publish: (id: number) => Promise<unknown>): Publishing {
  return {
    async publish({ first, count }, onProgress) {
      let next = 0;
      const run = async (): Promise<void> => {
        while (next < count) {
          await publish(first + next++);
          onProgress(next);
        }
      };
      await Promise.all(Array.from({ length: lanes }, run));
    },
  };
}
