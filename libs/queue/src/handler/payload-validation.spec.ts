// class-transformer reads the types that the compiler emitted
// oxlint-disable-next-line import/no-unassigned-import
import 'reflect-metadata';
import { Transform, Type } from 'class-transformer';
import { IsInt, IsPositive, IsString, Matches, ValidateNested } from 'class-validator';
import { z } from 'zod';
import { compilePayloadValidator, isPayloadType, payloadClassOf, type StandardSchema } from './payload-validation.js';

class Amount {
  @Matches(/^\d+\.\d\d$/, { message: 'the value $value is no amount' })
  value!: string;
}
class Transfer {
  @IsInt()
  @IsPositive()
  from!: number;
  @ValidateNested()
  @Type(() => Amount)
  amount!: Amount;
}
class Unruled {
  from!: number;
}
class Transforming {
  @IsString()
  @Transform(({ value }: { value: { inner: string } }) => value.inner.toUpperCase())
  word!: string;
}

const good = { from: 1, amount: { value: '1.00' } };

describe('a class', () => {
  it('gives the handler an instance, nested ones too', async () => {
    const validate = await compilePayloadValidator('A.b', Transfer);
    const payload = (await validate?.(good)) as Transfer;
    expect(payload).toBeInstanceOf(Transfer);
    expect(payload.amount).toBeInstanceOf(Amount);
  });

  it('refuses with paths and rules, never with values', async () => {
    const validate = await compilePayloadValidator('A.b', Transfer);
    const refused = validate?.({ from: -1.5, amount: { value: 'canary' } });
    await expect(refused).rejects.toMatchObject({
      code: 'PAYLOAD_INVALID',
      faults: ['from: isPositive, isInt', 'amount.value: matches'],
      message: expect.not.stringContaining('canary'),
    });
  });

  it.each([
    ['null', null],
    ['a list', [good]],
    ['a text', 'x'],
    ['a number', 1n],
  ])('refuses %s', async (_what, payload) => {
    const validate = await compilePayloadValidator('A.b', Transfer);
    await expect(validate?.(payload)).rejects.toMatchObject({ faults: ['(root): not an object'] });
  });

  it('refuses what makes its own transformation throw', async () => {
    const validate = await compilePayloadValidator('A.b', Transforming);
    await expect(validate?.({ word: 3 })).rejects.toMatchObject({ faults: ['(root): a transformation failed'] });
    await expect(validate?.({ word: { inner: 'x' } })).resolves.toEqual({ word: 'X' });
  });

  it('without any rule is a mistake at boot', async () => {
    await expect(compilePayloadValidator('Transfers.on', Unruled)).rejects.toThrow(
      '@StreamHandler Transfers.on: payload class Unruled carries no class-validator rule',
    );
  });
});

describe('a Standard Schema', () => {
  const schema = z.object({ from: z.coerce.number().int(), name: z.string().max(3) });

  it('gives the handler what it makes of the payload', async () => {
    const validate = await compilePayloadValidator('A.b', schema);
    await expect(validate?.({ from: '7', name: 'ab' })).resolves.toEqual({ from: 7, name: 'ab' });
  });

  it('refuses with paths and codes, never with values', async () => {
    const validate = await compilePayloadValidator('A.b', schema);
    await expect(validate?.({ from: 1, name: 'canary' })).rejects.toMatchObject({
      faults: ['name: too_big'],
      message: expect.not.stringContaining('canary'),
    });
  });

  it('may be a function, and may answer at once', async () => {
    const callable: StandardSchema = Object.assign(() => undefined, {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: (value: unknown) =>
          value === 1 ? { value: 'one' } : { issues: [{ message: `not ${String(value)}` }] },
      },
    });
    const validate = await compilePayloadValidator('A.b', callable);
    await expect(validate?.(1)).resolves.toBe('one');
    await expect(validate?.(2)).rejects.toMatchObject({ faults: ['(root)'] });
    expect(payloadClassOf(callable)).toBeUndefined();
  });
});

describe('anything else', () => {
  it.each([undefined, null, {}, 'Transfer', { '~standard': {} }])('is no payload type: %j', (value) => {
    expect(isPayloadType(value)).toBe(false);
  });

  it('is not needed: no type, no validator', async () => {
    await expect(compilePayloadValidator('A.b', undefined)).resolves.toBeUndefined();
  });
});
