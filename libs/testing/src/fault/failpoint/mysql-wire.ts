import mysql from 'mysql2';
import { goOn } from './go-on.js';
import type { WireCommand, WireWatch } from './wire.js';

/** The parts of mysql2 that a command is sent and answered through; they have no public names. */
interface DriverConnection {
  addCommand: (this: DriverConnection, command: DriverCommand) => DriverCommand;
  handlePacket(): void;
  readonly stream: { destroy(): void };
  readonly _command: DriverCommand | null;
}

type State = ((packet: unknown, connection: DriverConnection) => State) | null;

interface DriverCommand {
  readonly sql?: unknown;
  start: State;
  next: State;
  onResult?: (error: unknown, ...results: unknown[]) => void;
}

/** Has `watch` told of every statement of every connection of mysql2 in this process, those of pools and of TypeORM too. */
export function watchMysql(watch: WireWatch): void {
  const prototype = (mysql as unknown as { Connection: { prototype: DriverConnection } }).Connection.prototype;
  const { addCommand } = prototype;
  prototype.addCommand = function add(this: DriverConnection, command: DriverCommand): DriverCommand {
    if (typeof command.sql === 'string') watchStatement(command, this, watch);
    return addCommand.call(this, command);
  };
}

function watchStatement(command: DriverCommand, connection: DriverConnection, watch: WireWatch): void {
  const wire: WireCommand = { text: String(command.sql), cut: () => connection.stream.destroy() };
  const { start, onResult } = command;
  command.start = (packet) => {
    let isLater = false;
    let first: State = waiting;
    const begin = (state: State): void => {
      if (isLater) proceed(command, connection, state);
      else first = state;
    };
    goOn(
      () => watch('before', wire),
      () => begin(start),
      (error) => begin(failing(command, error)),
    );
    isLater = true;
    return first?.call(command, packet, connection) ?? null;
  };
  if (onResult === undefined) return;
  command.onResult = (error, ...results) => {
    // a statement that failed has not happened, and its connection may be gone
    if (error) onResult.call(command, error);
    else
      goOn(
        () => watch('after', wire),
        () => onResult.call(command, error, ...results),
        (failure) => onResult.call(command, failure),
      );
  };
}

/** Does the first step of a command, unless its connection has ended meanwhile. */
function proceed(command: DriverCommand, connection: DriverConnection, state: State): void {
  if (connection._command !== command) return;
  command.next = state;
  connection.handlePacket();
}

const waiting: State = () => waiting;

function failing(command: DriverCommand, error: unknown): State {
  return () => {
    command.onResult?.(error);
    return null;
  };
}
