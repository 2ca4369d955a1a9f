import * as cli from '@safesync/cli';
import * as core from '@safesync/core';
import * as db from '@safesync/db';
import * as metrics from '@safesync/metrics';
import * as outbox from '@safesync/outbox';
import * as queue from '@safesync/queue';
import * as testing from '@safesync/testing';
import { type ErrorSource, readLibraries } from './library-source.js';
import { type TableRow, tableRows } from './markdown-tables.js';

const exportsOfAll: readonly [string, unknown][] = [cli, core, db, metrics, outbox, queue, testing].flatMap((library) =>
  Object.entries(library),
);
const source = readLibraries();

describe('docs/reference/errors.md', () => {
  const rows = tableRows('docs/reference/errors.md');
  const classes = exportsOfAll.filter(([, value]) => isErrorClass(value)).map(([name]) => name);

  it('finds the error classes of the libraries', () => {
    expect(classes).toContain('DeadlockError');
    expect(classes).toContain('NonRetryableError');
    expect(source.errors.get('DeadlockError')?.code).toBe('DEADLOCK');
  });

  it.each(classes)('has a row of %s with its code and its remedy', (name) => {
    const row = rows.find(({ cells }) => cells[0] === name && cells[1] === (inherited(name, 'code') ?? ''));
    expect(row?.cells[3]).toMatch(/\w/);
    expect(row?.cells[3]).toContain(source.errors.get(name)?.remedy ?? '');
  });

  it('has every code that an error is made with', () => {
    const documented = new Set(rows.map(({ cells }) => cells[1]));
    expect([...source.codes].filter((code) => !documented.has(code))).toEqual([]);
  });

  it('has no row of a class that does not exist', () => {
    const named = rows.map(({ cells }) => cells[0] ?? '').filter((name) => /^\w+Error$/.test(name));
    expect(named.filter((name) => !source.errors.has(name))).toEqual([]);
  });
});

describe('docs/reference/metrics.md', () => {
  const rows = tableRows('docs/reference/metrics.md');
  const definitions = exportsOfAll.map(([, value]) => value).filter(isMetricDefinition);

  it('finds the metric definitions of the libraries', () => {
    expect(definitions).toContain(db.DB_WRITE_TOTAL);
    expect(definitions).toContain(queue.MESSAGES_READ);
    expect(definitions).toContain(metrics.METRICS_FAULTS);
  });

  it.each(definitions.map((definition) => [definition.name, definition] as const))(
    'has a row of %s with its kind and its labels',
    (name, { kind, labels }) => {
      expect(rowOf(rows, name)?.cells.slice(1, 3)).toEqual([kind, labels.join(', ')]);
    },
  );

  it('has no row of a metric that does not exist', () => {
    const names = new Set(definitions.map(({ name }) => name));
    const named = rows.map(({ cells }) => cells[0] ?? '').filter((name) => /^\w+$/.test(name));
    expect(named.filter((name) => !names.has(name))).toEqual([]);
  });
});

describe('docs/reference/options.md', () => {
  const rows = tableRows('docs/reference/options.md');
  const rowsOf = (name: string): TableRow[] => rows.filter(({ heading }) => heading === name);
  const names = [...source.options.keys()];

  it('finds the options of the libraries', () => {
    expect(names).toContain('SessionOptions');
    expect(names).toContain('StreamHandlerOptions');
  });

  it.each(names)('has a row for every field of %s, and no other', (name) => {
    const fields = source.options.get(name)?.map((field) => field.name);
    expect(rowsOf(name).map(({ cells }) => cells[0])).toEqual(fields);
  });

  it.each(names)('says the defaults of %s as its doc comments do', (name) => {
    const figures = (source.options.get(name) ?? []).filter(({ defaultFigure }) => defaultFigure !== undefined);
    for (const { name: field, defaultFigure } of figures) {
      const stated = rowOf(rowsOf(name), field)?.cells[1]?.replaceAll(' ', '');
      expect(`${field} ${stated}`).toMatch(new RegExp(`^${field} ${defaultFigure}(?!\\d)`));
    }
  });
});

function rowOf(rows: readonly TableRow[], name: string): TableRow | undefined {
  return rows.find(({ cells }) => cells[0] === name);
}

/** What the class or the nearest of its bases says; undefined when the caller of the constructor decides. */
function inherited(name: string, field: keyof ErrorSource): string | undefined {
  const error = source.errors.get(name);
  return error?.[field] ?? (error?.base === undefined ? undefined : inherited(error.base, field));
}

function isErrorClass(value: unknown): boolean {
  return typeof value === 'function' && (value === core.SafeSyncError || value.prototype instanceof core.SafeSyncError);
}

function isMetricDefinition(value: unknown): value is core.MetricDefinition {
  return typeof value === 'object' && value !== null && 'kind' in value && 'labels' in value && 'help' in value;
}
