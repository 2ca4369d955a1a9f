import { waitsAtBegin } from './server-probe.js';

describe('waitsAtBegin', () => {
  it.each<[string, Record<string, string>, boolean]>([
    ['a single server that knows nothing of clusters', {}, false],
    ['a single MariaDB', { wsrep_on: 'OFF' }, false],
    ['a node of Galera', { wsrep_on: 'ON' }, true],
    ['a single MySQL 9', { group_replication_consistency: 'BEFORE_ON_PRIMARY_FAILOVER' }, false],
    ['a member of an eventual group', group('EVENTUAL'), false],
    ['a member of a group that waits', group('BEFORE'), true],
    ['a member of a group that waits after a failover', group('BEFORE_ON_PRIMARY_FAILOVER'), true],
  ])('%s', (_what, settings, expected) => {
    expect(waitsAtBegin(new Map(Object.entries(settings)))).toBe(expected);
  });
});

function group(consistency: string): Record<string, string> {
  return { group_replication_group_name: 'aaaaaaaa-0000', group_replication_consistency: consistency };
}
