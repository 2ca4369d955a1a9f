import { ADD_ONE, type Session, type SessionSetup } from '../session/session-contender.js';
import { openTypeorm } from './session-typeorm.js';

/** TypeORM for the transaction, the statement by hand. */
export function open(setup: SessionSetup): Promise<Session> {
  return openTypeorm(setup, (manager, account) => manager.query(ADD_ONE, [account]));
}
