import { deliveryOutcome } from '../handler/delivery-outcome.js';
import { PayloadInvalidError } from '../handler/handler.errors.js';
import { NonRetryableError } from '../queue.errors.js';
import { type DeliveryDecision, type DeliveryFailure, decideDelivery } from './delivery-policy.js';

const options = { maxDeliveries: 3, retry: { baseMs: 100, maxMs: 1_000 } };
const failure: DeliveryFailure = { stage: 'handler', error: new Error('no'), deliveryCount: 1 };
const decide = (changes: Partial<DeliveryFailure>, random = 0): DeliveryDecision =>
  decideDelivery({ ...failure, ...changes }, options, () => random);

describe('decideDelivery', () => {
  it.each<[string, Partial<DeliveryFailure>, DeliveryDecision]>([
    ['a first failure is retried', {}, { kind: 'retry', afterMs: 50 }],
    ['a second failure waits twice as long', { deliveryCount: 2 }, { kind: 'retry', afterMs: 100 }],
    [
      'the last allowed delivery ends in the dead letters',
      { deliveryCount: 3 },
      { kind: 'deadLetter', cause: 'max_deliveries', reason: 'max_deliveries' },
    ],
    [
      'so does one beyond it, before anything was done',
      { stage: 'start', deliveryCount: 4 },
      { kind: 'deadLetter', cause: 'max_deliveries', reason: 'max_deliveries' },
    ],
    [
      'an undecodable entry does at once',
      { stage: 'decode' },
      { kind: 'deadLetter', cause: 'malformed', reason: 'malformed' },
    ],
    ['an invalid payload too', { stage: 'validate' }, { kind: 'deadLetter', cause: 'invalid', reason: 'invalid' }],
    [
      'and one that a pipe refused',
      { error: new PayloadInvalidError([]) },
      { kind: 'deadLetter', cause: 'invalid', reason: 'invalid' },
    ],
    [
      'and an error that says so',
      { error: new NonRetryableError('closed account.') },
      { kind: 'deadLetter', cause: 'non_retryable', reason: 'non_retryable' },
    ],
    [
      'a handler may ask for it with a reason',
      { requested: deliveryOutcome({ kind: 'deadLetter', reason: 'account closed' }) },
      { kind: 'deadLetter', cause: 'requested', reason: 'account closed' },
    ],
    ['or for a delay', { requested: deliveryOutcome({ kind: 'retry', delayMs: 7 }) }, { kind: 'retry', afterMs: 7 }],
    ['or for the usual one', { requested: deliveryOutcome({ kind: 'retry' }) }, { kind: 'retry', afterMs: 50 }],
    [
      'a requested retry uses up deliveries like any other',
      { requested: deliveryOutcome({ kind: 'retry', delayMs: 7 }), deliveryCount: 3 },
      { kind: 'deadLetter', cause: 'max_deliveries', reason: 'max_deliveries' },
    ],
    ['a filter may drop the message', { requested: deliveryOutcome({ kind: 'acknowledge' }) }, { kind: 'acknowledge' }],
    ['a database that is away is waited for', { databaseAnswers: false }, { kind: 'awaitDatabase' }],
    ['even on the last delivery', { databaseAnswers: false, deliveryCount: 3 }, { kind: 'awaitDatabase' }],
    ['one that answers makes the failure count', { databaseAnswers: true }, { kind: 'retry', afterMs: 50 }],
    ['a stopping process gives it back', { interruption: 'stopping', deliveryCount: 3 }, { kind: 'giveBack' }],
    [
      'a lost lease forbids everything else',
      { interruption: 'leaseLost', databaseAnswers: false, deliveryCount: 3 },
      { kind: 'letGo' },
    ],
  ])('%s', (_rule, changes, decision) => {
    expect(decide(changes)).toEqual(decision);
  });

  it('draws the delay from the upper half of the backoff, never above maxMs', () => {
    const delays = [0, 0.5, 0.999].map((random) => decide({ deliveryCount: 2 }, random));
    expect(delays).toEqual([100, 150, 199].map((afterMs) => ({ kind: 'retry', afterMs })));
    const late = decideDelivery({ ...failure, deliveryCount: 40 }, { ...options, maxDeliveries: 100 }, () => 0.999);
    expect(late).toEqual({ kind: 'retry', afterMs: 999 });
  });
});
