import { Controller, Get, ServiceUnavailableException } from '@nestjs/common';
import { withDeadline } from '@safesync/core';
import { DbSessions } from '@safesync/db';
import { QueueConnections } from '@safesync/queue';

const DEADLINE_MS = 1_000;

type Readiness = {
  readonly status: 'ok' | 'unavailable';
  readonly database: 'up' | 'down';
  readonly redis: 'up' | 'down';
};

@Controller('health')
export class HealthController {
  constructor(
    private readonly sessions: DbSessions,
    private readonly connections: QueueConnections,
  ) {}

  /** 200 when this process can do its work now, 503 when a server that it needs is away. */
  @Get()
  async readiness(): Promise<Readiness> {
    const [database, redis] = await Promise.all([
      stateOf(this.sessions.ping()),
      stateOf(this.connections.first.ping(DEADLINE_MS)),
    ]);
    const isReady = database === 'up' && redis === 'up';
    const readiness: Readiness = { status: isReady ? 'ok' : 'unavailable', database, redis };
    if (!isReady) throw new ServiceUnavailableException(readiness);
    return readiness;
  }
}

async function stateOf(ping: Promise<void>): Promise<'up' | 'down'> {
  const late = (): Error => new Error(`No answer within ${DEADLINE_MS} ms.`);
  return withDeadline(ping, DEADLINE_MS, late).then(
    () => 'up',
    () => 'down',
  );
}
