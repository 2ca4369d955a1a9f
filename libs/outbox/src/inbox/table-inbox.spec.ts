import { inboxKey } from './table-inbox.js';

describe('inboxKey', () => {
  const message = { stream: 'transfers', group: 'ledger', id: 't-1' };

  it('is the same for the same message', () => {
    expect(inboxKey({ ...message })).toEqual(inboxKey(message));
    expect(inboxKey(message)).toHaveLength(32);
  });

  it.each([
    ['another stream', { ...message, stream: 'Transfers' }],
    ['another group', { ...message, group: 'ledger ' }],
    ['another id', { ...message, id: 't-2' }],
    ['the same letters, divided otherwise', { stream: 'transfer', group: 'sledger', id: 't-1' }],
    ['parts that look like lengths', { stream: 'transfers6:ledger', group: '', id: 't-1' }],
  ])('differs for %s', (_what, other) => {
    expect(inboxKey(other)).not.toEqual(inboxKey(message));
  });
});
