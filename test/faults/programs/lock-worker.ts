import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { SafeSyncDbModule } from '@safesync/db';
import { failpoint } from '@safesync/testing';
import { holdAndWrite, type LockReport, type LockSettings, type PausePoint } from '../kit/guarded-resource.js';

const settings = JSON.parse(process.argv[2] as string) as LockSettings;
const tell = (report: LockReport): void => void process.send?.(report);

@Module({ imports: [SafeSyncDbModule.forRoot({ connection: { url: settings.databaseUrl, poolSize: 4 } })] })
class LockModule {}

const WRITE = /^UPDATE resource/;

const pause = (): void => {
  tell({ atPoint: true });
  process.kill(process.pid, 'SIGSTOP');
};

function arm({ before, nth }: PausePoint): void {
  if (before === 'write') failpoint({ driver: 'mysql', when: 'before', matching: WRITE, nth, action: pause });
  else
    failpoint({
      driver: 'mysql',
      when: 'after',
      matching: WRITE,
      nth,
      action: () => void failpoint({ driver: 'mysql', when: 'before', matching: /^COMMIT/, action: pause }),
    });
}

if (settings.pause) arm(settings.pause);
const app = await NestFactory.createApplicationContext(LockModule, { logger: false });
await holdAndWrite(app, settings, tell).then(
  () => tell({ ended: 'ok' }),
  (error: unknown) => tell({ ended: String((error as { code?: unknown }).code) }),
);
