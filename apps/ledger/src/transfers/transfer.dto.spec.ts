import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { TransferDto } from './transfer.dto.js';

const VALID = { id: '7d444840-9dc0-41d1-b245-5ffdce74fad2', from: 'alice', to: 'bob', amount: '12.50' };

function faultsOf(change: object): string[] {
  const errors = validateSync(plainToInstance(TransferDto, { ...VALID, ...change }));
  return errors.flatMap((error) => Object.values(error.constraints ?? {}));
}

describe('TransferDto', () => {
  it('accepts a transfer', () => {
    expect(faultsOf({})).toEqual([]);
  });

  it.each([
    ['id', { id: 'no-uuid' }],
    ['id', { id: undefined }],
    ['id', { id: VALID.id.toUpperCase() }],
    ['from', { from: 'Alice' }],
    ['from', { from: 'a'.repeat(33) }],
    ['to', { to: ['bob'] }],
    ['to', { to: 'alice' }],
    ['amount', { amount: 12.5 }],
    ['amount', { amount: '0' }],
    ['amount', { amount: '0.00' }],
    ['amount', { amount: '-3' }],
    ['amount', { amount: '1.005' }],
  ])('names the field %s of %p', (field, change) => {
    const faults = faultsOf(change);
    expect(faults).not.toEqual([]);
    for (const fault of faults) expect(fault).toMatch(new RegExp(`^${field} must be`));
  });
});
