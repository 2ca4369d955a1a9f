import type { DbSession } from '@safesync/db';

/** Ways to be a message that nobody can handle, by name. */
const WAYS: Readonly<Record<string, (session: DbSession) => unknown>> = {
  'throws an error': () => {
    throw new Error('poison');
  },
  'throws null': () => {
    throw null;
  },
  'throws a text': () => {
    throw 'poison';
  },
  'rejects with nothing': () => Promise.reject(undefined),
  'throws a frozen error': () => {
    throw Object.freeze(new Error('poison'));
  },
  'throws what cannot be read': () => {
    throw new Proxy(new Error('poison'), {
      get: () => {
        throw new Error('not to be read');
      },
    });
  },
  'ends the process': () => process.exit(3),
  'needs all memory': () => {
    const kept: unknown[] = [];
    for (;;) kept.push(Array.from({ length: 10_000 }, (_, n) => ({ n })));
  },
  'never returns': () => {
    for (;;);
  },
  'overflows the stack': () => {
    const deeper = (): number => 1 + deeper();
    return deeper();
  },
  'kills its connection': (session) => session.execute('KILL CONNECTION_ID()'),
};

/** The names of all ways. */
export const POISONS = Object.keys(WAYS);

/** Does what the name says; whoever returns from it has been spared. */
export async function misbehave(name: string, session: DbSession): Promise<void> {
  await WAYS[name]?.(session);
}
