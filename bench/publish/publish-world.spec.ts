import { transfer } from '../transfer/transfer.js';
import { faultOf } from './publish-world.js';

/** What makes a run of publishing invalid. */
describe('verification of what was published', () => {
  const text = (id: number): string => JSON.stringify({ ...transfer(id), _meta: 'whatever travels beside it' });

  it('finds nothing where each is there once, in any order', () => {
    expect(faultOf([text(2), text(3), text(1)], 3)).toBeUndefined();
  });

  it.each([
    ['a lost one', [text(1), text(3)], '2 messages, 2 of them different, instead of 3'],
    ['one twice instead of another', [text(1), text(3), text(3)], '3 messages, 2 of them different, instead of 3'],
    ['one too many', [text(1), text(2), text(3), text(1)], '4 messages, 3 of them different, instead of 3'],
    ['one that nobody published', [text(1), text(2), text(4)], 'a strange {"id":4'],
    ['an altered one', [text(1), text(2), JSON.stringify({ ...transfer(3), amount: 1 })], 'a strange {"id":3'],
  ])('finds %s', (_, texts, fault) => {
    expect(faultOf(texts, 3)).toContain(fault);
  });
});
