import { Inject, Injectable, type InjectionToken } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { InvalidOptionsError } from '@safesync/core';
import { DataSource } from 'typeorm';
import { DEFAULT_DB } from '../db.tokens.js';

/**
 * The DataSource that `TypeOrmModule.forRoot` registered under `name`, initialized. Waits for it where its module is still
 * starting.
 */
export async function findDataSource(moduleRef: ModuleRef, name: string = DEFAULT_DB): Promise<DataSource> {
  const token: InjectionToken = name === DEFAULT_DB ? DataSource : `${name}DataSource`;
  const found = (await fromInjector(moduleRef, token)) ?? fromAnywhere(moduleRef, token);
  if (isDataSource(found)) return found;
  throw new InvalidOptionsError('SafeSyncDbModule', [
    `no DataSource named "${name}" is registered; import TypeOrmModule.forRoot(${name === DEFAULT_DB ? '' : `{ name: '${name}' }`}) ` +
      'or give dataSource or connection',
  ]);
}

/** By shape: another copy of typeorm may have made it. */
function isDataSource(value: unknown): value is DataSource {
  return typeof value === 'object' && value !== null && 'createQueryRunner' in value && 'isInitialized' in value;
}

/** Asks the injector, which, unlike `ModuleRef.get`, waits for providers that are still being made. */
async function fromInjector(moduleRef: ModuleRef, token: InjectionToken): Promise<unknown> {
  class Holder {
    constructor(readonly value: unknown) {}
  }
  Injectable()(Holder);
  Inject(token)(Holder, undefined, 0);
  try {
    return (await moduleRef.create(Holder)).value;
  } catch {
    // not visible from this module; it may still be provided, without being exported, by another one
    return undefined;
  }
}

function fromAnywhere(moduleRef: ModuleRef, token: InjectionToken): unknown {
  try {
    return moduleRef.get(token, { strict: false });
  } catch {
    return undefined;
  }
}
