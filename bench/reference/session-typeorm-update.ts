import type { Session, SessionSetup } from '../session/session-contender.js';
import { Account, openTypeorm } from './session-typeorm.js';

/** TypeORM for the statement too. */
export function open(setup: SessionSetup): Promise<Session> {
  return openTypeorm(setup, (manager, id) => manager.update(Account, { id }, { balance: () => 'balance + 1' }));
}
