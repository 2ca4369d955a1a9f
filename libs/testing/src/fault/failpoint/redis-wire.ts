import { Redis } from 'ioredis';
import { goOn } from './go-on.js';
import type { WireCommand, WireWatch } from './wire.js';

/** The parts of ioredis that a command is sent and answered through. */
interface DriverCommand {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly promise: Promise<unknown>;
  resolve: (reply: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface DriverClient {
  readonly status: string;
  readonly stream?: { destroy(): void };
  sendCommand: (this: DriverClient, command: DriverCommand, pipeline?: unknown) => unknown;
}

/**
 * Has `watch` told of every command of every client of ioredis in this process. In a pipeline a command is written together
 * with those around it, whatever `watch` says or waits for before it.
 */
export function watchRedis(watch: WireWatch): void {
  const prototype = Redis.prototype as unknown as DriverClient;
  const { sendCommand } = prototype;
  prototype.sendCommand = function send(this: DriverClient, command: DriverCommand, pipeline?: unknown): unknown {
    // until then a command is queued, and comes here again; or it belongs to the handshake
    if (this.status !== 'ready') return sendCommand.call(this, command, pipeline);
    const wire: WireCommand = { text: textOf(command), cut: () => this.stream?.destroy() };
    watchAnswer(command, wire, watch);
    let isSent = false;
    const sendNow = (): void => {
      if (isSent) return;
      isSent = true;
      void sendCommand.call(this, command, pipeline);
    };
    goOn(() => watch('before', wire), sendNow, command.reject);
    if (pipeline) sendNow();
    return command.promise;
  };
}

function watchAnswer(command: DriverCommand, wire: WireCommand, watch: WireWatch): void {
  const { resolve, reject } = command;
  command.resolve = (reply) =>
    goOn(
      () => watch('after', wire),
      () => resolve.call(command, reply),
      (error) => reject.call(command, error),
    );
}

function textOf({ name, args }: DriverCommand): string {
  return [name.toUpperCase(), ...args.map(String)].join(' ');
}
