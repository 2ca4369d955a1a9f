import { costsOf } from './server-meter.js';

describe('costs of one unit of work', () => {
  const use = {
    sql: { questions: 40, com_commit: 10 },
    redis: { xadd: 10, xack: 7, evalsha: 7, xreadgroup: 2 },
    mysqlUs: 1_000,
    redisUs: undefined,
  };

  it('leave out what the bench sent itself and what only scripts ran', () => {
    const costs = costsOf(use, { units: 10, cpuUs: 5_000, own: { xadd: 10 }, insideScripts: ['xack'] });
    expect(costs.figures).toEqual({ nodeUs: 500, mysqlUs: 100, redisUs: undefined, statements: 4, commands: 0.9 });
    expect(costs.sqlCalls).toEqual({ questions: 4, com_commit: 1 });
    expect(costs.redisCalls).toEqual({ xack: 0.7, evalsha: 0.7, xreadgroup: 0.2 });
  });
});
