import { Injectable, Module, Scope } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { SafeSyncDbModule } from '@safesync/db';
import {
  SafeSyncQueueModule,
  type SafeSyncQueueModuleOptions,
  StreamHandler,
  type StreamHandlerOptions,
  StreamPublisher,
} from '@safesync/queue';
import { IsInt } from 'class-validator';
import { effect, type HandlerWorld, handlerOf, useHandlerWorld } from './handler-world.js';

let world: HandlerWorld;
useHandlerWorld((opened) => {
  world = opened;
});

const options = (more: Partial<StreamHandlerOptions> = {}) => ({ stream: world.stream, group: world.group, ...more });
const nothing = async (): Promise<void> => undefined;

class Ruled {
  @IsInt()
  n!: number;
}
class Unruled {
  n!: number;
}

describe('a handler that cannot work stops the boot, naming class, method and remedy:', () => {
  it('request scope', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Transfers {
      @StreamHandler(options())
      async onTransfer(): Promise<void> {}
    }
    await expect(world.boot(Transfers)).rejects.toThrow(
      /^@StreamHandler Transfers\.onTransfer is in a request-scoped provider .* Make the provider and what it injects singletons\.$/,
    );
  });

  it('request scope further down', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest {}
    @Injectable()
    class Transfers {
      constructor(readonly dependency: PerRequest) {}
      @StreamHandler(options())
      async onTransfer(): Promise<void> {}
    }
    await expect(world.boot(Transfers, { providers: [PerRequest] })).rejects.toThrow(
      'Transfers.onTransfer is in a request-scoped',
    );
  });

  it('transient scope', async () => {
    @Injectable({ scope: Scope.TRANSIENT })
    class Transfers {
      @StreamHandler(options())
      async onTransfer(): Promise<void> {}
    }
    await expect(world.boot(Transfers)).rejects.toThrow(
      '@StreamHandler Transfers.onTransfer is in a transient provider, of which there are many. Make the provider a singleton.',
    );
  });

  it('two handlers of one stream and group', async () => {
    @Injectable()
    class Transfers {
      @StreamHandler(options())
      async first(): Promise<void> {}
      @StreamHandler(options())
      async second(): Promise<void> {}
    }
    await expect(world.boot(Transfers)).rejects.toThrow(
      /^@StreamHandler Transfers\.second handles the same stream and group as Transfers\.first \(stream ".*", group "g"\)/,
    );
  });

  it('one class provided in two modules', async () => {
    const Handler = handlerOf(options(), nothing);
    @Module({ providers: [Handler] })
    class Other {}
    await expect(world.boot(Handler, { imports: [Other] })).rejects.toThrow('Handler.on is provided twice');
  });

  it('a stream that nobody registers', async () => {
    await expect(world.boot(handlerOf(options({ stream: 'transfer' }), nothing))).rejects.toThrow(
      '@StreamHandler Handler.on handles stream "transfer", which no module registers. ' +
        "Import SafeSyncQueueModule.forFeature([{ name: 'transfer' }]).",
    );
  });

  it('a connection other than the one of its stream', async () => {
    await expect(world.boot(handlerOf(options({ connection: 'cache' }), nothing))).rejects.toThrow(
      'Handler.on wants connection "cache", but stream',
    );
  });

  it('a database that nobody provides', async () => {
    await expect(world.boot(handlerOf(options({ db: 'ledger' }), nothing))).rejects.toThrow(
      '@StreamHandler Handler.on needs database "ledger", which no module provides. ' +
        "Import SafeSyncDbModule.forRoot({ name: 'ledger', ... }).",
    );
  });

  it('options that contradict each other, all of them at once', async () => {
    const contradictory = options({ concurrency: 0, livenessMs: 100, handlerTimeoutMs: 0 });
    await expect(world.boot(handlerOf(contradictory, nothing))).rejects.toThrow(
      /^@StreamHandler Handler\.on: concurrency .*; handlerTimeoutMs .*; livenessMs .*\. Correct the named options\.$/,
    );
  });

  it('a payload class without rules', async () => {
    await expect(world.boot(handlerOf({ ...options(), payload: Unruled }, nothing))).rejects.toThrow(
      'Handler.on: payload class Unruled carries no class-validator rule',
    );
    await expect(world.boot(handlerOf({ ...options(), payload: Ruled }, nothing))).resolves.toBeDefined();
  });

  it('two decorators on one method, at once', () => {
    const decorate = (): unknown => {
      class Transfers {
        @StreamHandler({ stream: 'a', group: 'g' })
        @StreamHandler({ stream: 'b', group: 'g' })
        async onTransfer(): Promise<void> {}
      }
      return Transfers;
    };
    expect(decorate).toThrow('@StreamHandler Transfers.onTransfer carries @StreamHandler twice.');
  });

  it('a static method, at once', () => {
    const decorate = (): unknown => {
      class Transfers {
        readonly name = 'an instance';
        @StreamHandler({ stream: 'a', group: 'g' })
        static async onTransfer(): Promise<void> {}
      }
      return new Transfers();
    };
    expect(decorate).toThrow('@StreamHandler Transfers.onTransfer is static.');
  });
});

/** Without a database, whose pool nobody could close when the boot fails. */
function compileAlone(queue: SafeSyncQueueModuleOptions): Promise<TestingModule> {
  return Test.createTestingModule({ imports: [SafeSyncQueueModule.forRoot(queue)] }).compile();
}

describe('SafeSyncQueueModule', () => {
  it('refuses to be imported twice', async () => {
    const imports = [SafeSyncQueueModule.forRoot({ connections: world.redis.url })];
    await expect(world.boot(handlerOf(options(), nothing), { imports })).rejects.toThrow('forRoot is imported twice');
  });

  it.each([
    [{ connections: [] }, 'connections must name at least one Redis'],
    [
      { connections: [{ name: 'a' }] },
      'every connection needs either url or redis (is an environment variable missing?)',
    ],
    [{ connections: [{ url: 'redis://a' }, { url: 'redis://b' }] }, 'connections must have different names'],
    [{ drainMs: -1 }, 'drainMs must be an integer'],
  ])('refuses %j', async (queue, fault) => {
    await expect(compileAlone(queue)).rejects.toThrow(fault);
  });

  it('refuses a URL that is none without repeating it', async () => {
    const queue = { connections: 'http://user:canary@host' };
    await expect(compileAlone(queue)).rejects.toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('canary') }),
    );
  });

  it('refuses a stream on a connection that does not exist', async () => {
    const streams = [{ name: world.stream, connection: 'cache' }];
    await expect(world.boot([], { streams })).rejects.toThrow('wants connection "cache", but forRoot has only default');
  });

  it('refuses a stream registered in two ways', async () => {
    const streams = [{ name: world.stream }, { name: world.stream, maxPayloadBytes: 9 }];
    await expect(world.boot([], { streams })).rejects.toThrow('is registered twice, differently');
  });

  it('asks for a hash tag on a cluster', async () => {
    const queue = { connections: [{ redis: { nodes: [{ host: '127.0.0.1', port: 1 }] } }] };
    await expect(world.boot([], { queue, streams: [{ name: 'transfers' }] })).rejects.toThrow(
      'needs a hash tag, for example "{transfers}"',
    );
    await expect(world.boot([], { queue, streams: [{ name: '{transfers}' }] })).resolves.toBeDefined();
  });

  it('publishes to registered streams only', async () => {
    const app = await world.boot([]);
    await expect(app.get(StreamPublisher).publish('misspelt', { n: 1 })).rejects.toMatchObject({
      code: 'UNKNOWN_STREAM',
    });
  });

  it('has several connections and databases by name', async () => {
    const name = 'second';
    const app = await world.boot(handlerOf(options({ db: name, connection: name }), effect), {
      queue: { connections: [{ url: 'redis://127.0.0.1:1' }, { name, redis: world.redis.client }] },
      streams: [{ name: world.stream, connection: name }],
      imports: [SafeSyncDbModule.forRoot({ name, connection: { url: world.database.url, poolSize: 2 } })],
    });
    await world.publish(app, 1);
    await world.settled([1]);
  });

  it('takes its options from a factory', async () => {
    @Module({ providers: [{ provide: 'URL', useValue: world.redis.url }], exports: ['URL'] })
    class Settings {}
    const app = await Test.createTestingModule({
      imports: [
        SafeSyncDbModule.forRoot({ connection: { url: world.database.url, poolSize: 2 } }),
        SafeSyncQueueModule.forRootAsync({
          imports: [Settings],
          inject: ['URL'],
          useFactory: (connections: string) => ({ connections }),
        }),
        SafeSyncQueueModule.forFeature([{ name: world.stream }]),
      ],
      providers: [handlerOf(options(), effect)],
    })
      .setLogger(false as never)
      .compile();
    await app.init();
    await world.publish(app, 1);
    await world.settled([1]);
    await app.close();
  });
});
