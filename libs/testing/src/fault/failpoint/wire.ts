/** A driver whose commands can be watched. */
export type WireDriver = 'mysql' | 'redis';

/** Around the bytes: nothing of it is sent yet, or its answer is here and nobody has been told. */
export type WireMoment = 'before' | 'after';

/** A command at one of its moments. */
export interface WireCommand {
  /** The SQL as it is sent, or the Redis command: name in capitals, arguments, one space between. */
  readonly text: string;
  /** Breaks the connection that it goes over. */
  cut(): void;
}

/** Told of every moment. The command goes on when it has returned; what it throws becomes the command's error. */
export type WireWatch = (moment: WireMoment, command: WireCommand) => void | Promise<void>;
