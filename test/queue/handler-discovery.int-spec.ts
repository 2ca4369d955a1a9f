import { Injectable } from '@nestjs/common';
import { StreamHandler, type StreamHandlerOptions } from '@safesync/queue';
import { effect, type HandlerWorld, handlerOf, useHandlerWorld } from './handler-world.js';

let world: HandlerWorld;
useHandlerWorld((opened) => {
  world = opened;
});

const options = (more: Partial<StreamHandlerOptions> = {}) => ({ stream: world.stream, group: world.group, ...more });
const nothing = async (): Promise<void> => undefined;

describe('discovery', () => {
  it('runs no getter of any provider', async () => {
    let reads = 0;
    @Injectable()
    class Observed {
      get value(): number {
        reads += 1;
        return reads;
      }
    }
    await world.boot([handlerOf(options(), nothing), Observed]);
    expect(reads).toBe(0);
  });

  it('finds handlers that a class inherits, and those of factories and values', async () => {
    abstract class Base {
      @StreamHandler(options())
      async on(...args: Parameters<typeof effect>): Promise<void> {
        await effect(...args);
      }
    }
    class Made extends Base {}
    const app = await world.boot([], { providers: [{ provide: 'MADE', useFactory: () => new Made() }] });
    await world.publish(app, 1);
    await world.settled([1]);
  });

  it('takes an alias for what it is: the same provider', async () => {
    const Handler = handlerOf(options(), effect);
    const app = await world.boot(Handler, { providers: [{ provide: 'ALIAS', useExisting: Handler }] });
    await world.publish(app, 1);
    await world.settled([1]);
  });
});
