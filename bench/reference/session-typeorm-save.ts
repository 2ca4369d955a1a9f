import type { Session, SessionSetup } from '../session/session-contender.js';
import { Account, openTypeorm } from './session-typeorm.js';

/** TypeORM's entities: found, changed, saved. Loses updates when two do it with one row at once; here they never do. */
export function open(setup: SessionSetup): Promise<Session> {
  return openTypeorm(setup, async (manager, id) => {
    const account = await manager.findOneByOrFail(Account, { id });
    account.balance = String(BigInt(account.balance) + 1n);
    await manager.save(account);
  });
}
