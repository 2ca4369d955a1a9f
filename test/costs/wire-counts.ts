import { type Failpoint, failpoint, type WireDriver } from '@safesync/testing';

/** What the test itself asks while it waits, and the look for delayed messages every few seconds, which no message costs. */
const OWN: Readonly<Record<WireDriver, RegExp>> = {
  mysql: /^(?!SELECT n FROM effects|SELECT id FROM safesync_outbox WHERE state = 0$)/,
  redis: /^(?!XINFO GROUPS|XLEN|EVAL.*:delayed)/s,
};

/** Counts what the drivers of this process send. */
export class WireCounts {
  private points: Readonly<Record<WireDriver, Failpoint>> | undefined;

  /** Begins anew. */
  start(): void {
    this.stop();
    this.points = { mysql: count('mysql'), redis: count('redis') };
  }

  stop(): void {
    this.points?.mysql.disarm();
    this.points?.redis.disarm();
  }

  /** Statements since `start`. */
  get statements(): number {
    return this.points?.mysql.matches ?? 0;
  }

  /** Redis commands since `start`; what scripts run is not counted. */
  get commands(): number {
    return this.points?.redis.matches ?? 0;
  }
}

/** A point that is never reached. */
function count(driver: WireDriver): Failpoint {
  const nth = Number.MAX_SAFE_INTEGER;
  return failpoint({ driver, when: 'before', matching: OWN[driver], nth, action: () => undefined });
}
