import { auditEffects, type EffectEvidence } from './effect-audit.js';

const sound: EffectEvidence = {
  published: ['a', 'b', 'c'],
  effects: ['b', 'a'],
  deadLetters: ['c'],
  inbox: ['a', 'b'],
  model: new Map([['x', 5n]]),
  balances: new Map([['x', 5n]]),
};

describe('auditEffects', () => {
  it('finds nothing when every message is done once or a dead letter', () => {
    const nothing = { lost: [], doubled: [], foreign: [], torn: [], unequal: [], unfinished: 0, faults: [] };
    expect(auditEffects(sound)).toEqual(nothing);
    expect(auditEffects({ published: [], effects: [] })).toEqual(nothing);
  });

  it.each<[string, Partial<EffectEvidence>, object, string]>([
    ['lost', { effects: ['a'], inbox: ['a'] }, { lost: ['b'] }, '1 (b) published and neither done nor a dead letter'],
    ['doubled', { effects: ['a', 'b', 'a'] }, { doubled: ['a'] }, '1 (a) done more than once'],
    ['dead and done', { deadLetters: ['c', 'a'] }, { doubled: ['a'] }, '1 (a) done more than once'],
    ['dead twice', { deadLetters: ['c', 'c'] }, { doubled: ['c'] }, '1 (c) done more than once'],
    ['foreign', { published: ['a', 'c'] }, { foreign: ['b'] }, '1 (b) done and never published'],
    ['no inbox row', { inbox: ['a'] }, { torn: ['b'] }, '1 (b) in the inbox or done, and not both'],
    ['no effect', { inbox: ['a', 'b', 'c'] }, { torn: ['c'] }, '1 (c) in the inbox or done, and not both'],
    [
      'unequal',
      { balances: new Map([['x', 6n]]) },
      { unequal: ['x'] },
      '1 (x) with another balance than the model says',
    ],
    ['missing', { balances: new Map() }, { unequal: ['x'] }, '1 (x) with another balance than the model says'],
    ['unfinished', { unfinished: 2 }, { unfinished: 2 }, '2 unread or unacknowledged'],
  ])('tells what is %s', (_, change, found, sentence) => {
    const findings = auditEffects({ ...sound, ...change });
    expect(findings).toMatchObject(found);
    expect(findings.faults).toEqual([sentence]);
  });

  it('counts all and names three', () => {
    const published = ['k1', 'k2', 'k3', 'k4'];
    expect(auditEffects({ published, effects: [] }).faults).toEqual([
      '4 (k1, k2, k3, …) published and neither done nor a dead letter',
    ]);
  });
});
