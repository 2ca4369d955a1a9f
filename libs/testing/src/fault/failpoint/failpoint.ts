import { OptionFaults } from '@safesync/core';
import { watchMysql } from './mysql-wire.js';
import { watchRedis } from './redis-wire.js';
import type { WireCommand, WireDriver, WireMoment } from './wire.js';

/**
 * What happens at a failpoint: this process dies by SIGKILL (`kill`), stands still until somebody sends SIGCONT (`pause`), or the
 * command's connection breaks (`cut`); or a function runs, which the command waits for. What it throws becomes the error of the
 * command: sent or not, as `when` says.
 */
export type FailpointAction = 'kill' | 'pause' | 'cut' | (() => void | Promise<void>);

export interface FailpointOptions {
  /** Whose commands are looked at: those of mysql2 (TypeORM's too) or of ioredis. */
  readonly driver: WireDriver;
  /** What the command's text must match: the SQL, or name in capitals and arguments of a Redis command (`EVALSHA <sha> 1 key`). */
  readonly matching: RegExp | string;
  /** Before the first byte is sent, or after an answer that is no error has come and before anybody is told. */
  readonly when: WireMoment;
  /** Which of the matching commands. Default 1, the next. */
  readonly nth?: number;
  readonly action: FailpointAction;
}

/** A failpoint that is armed, until it was hit or disarmed. */
export interface Failpoint {
  /** How many commands have matched so far. */
  readonly matches: number;
  readonly wasHit: boolean;
  /** Takes it away. */
  disarm(): void;
}

/**
 * Arms a point at which this process fails, once, at the wire of a driver: the code under test knows nothing of it. Meant for the
 * program of a process that a test has started to be killed. Each driver is watched from its first failpoint on.
 */
export function failpoint(options: FailpointOptions): Failpoint {
  const { nth = 1 } = options;
  new OptionFaults('failpoint').integer('nth', nth, 1).throwIfAny();
  watchDriver(options.driver);
  const point = new ArmedFailpoint({ ...options, nth });
  armed.add(point);
  return point;
}

const armed = new Set<ArmedFailpoint>();
const watched = new Set<WireDriver>();

function watchDriver(driver: WireDriver): void {
  if (watched.has(driver)) return;
  watched.add(driver);
  const watch = (moment: WireMoment, command: WireCommand): void | Promise<void> => pass(driver, moment, command);
  if (driver === 'mysql') watchMysql(watch);
  else watchRedis(watch);
}

function pass(driver: WireDriver, moment: WireMoment, command: WireCommand): void | Promise<void> {
  for (const point of armed) {
    if (point.isHitBy(driver, moment, command.text)) return point.act(command);
  }
}

class ArmedFailpoint implements Failpoint {
  matches = 0;
  wasHit = false;

  constructor(private readonly options: FailpointOptions & { readonly nth: number }) {}

  disarm(): void {
    armed.delete(this);
  }

  isHitBy(driver: WireDriver, moment: WireMoment, text: string): boolean {
    const { driver: mine, when, matching, nth } = this.options;
    if (driver !== mine || moment !== when) return false;
    if (typeof matching === 'string' ? !text.includes(matching) : text.search(matching) < 0) return false;
    this.matches += 1;
    return this.matches === nth;
  }

  act(command: WireCommand): void | Promise<void> {
    this.disarm();
    this.wasHit = true;
    const { action } = this.options;
    if (typeof action === 'function') return action();
    if (action === 'cut') command.cut();
    // both take effect before the call returns
    else process.kill(process.pid, action === 'kill' ? 'SIGKILL' : 'SIGSTOP');
  }
}
