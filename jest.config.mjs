import { readFileSync } from 'node:fs';

const swcrc = JSON.parse(readFileSync(new URL('./.swcrc', import.meta.url), 'utf8'));
delete swcrc.$schema;
const cjs = { ...swcrc, swcrc: false, module: { type: 'commonjs', ignoreDynamic: false } };
// packages that ship ES modules only; jest runs CommonJS, so they are transformed like our own sources
const esm = [
  '@nestjs',
  'file-type',
  'strtok3',
  'token-types',
  'uint8array-extras',
  '@tokenizer',
  '@borewit',
  'path-to-regexp',
  'lossless-json',
  'fast-check',
  'pure-rand',
  'commander',
];

export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/{test,libs,apps,bench}/**/*.{spec,int-spec,e2e-spec}.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/libs/[^/]+/dist/', '<rootDir>/.data/'],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  setupFiles: ['<rootDir>/test/support/driver-flags.cjs'],
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  maxWorkers: 2,
  testTimeout: 30_000,
  transform: {
    '^.+\\.ts$': ['@swc/jest', cjs],
    '^.+\\.m?js$': ['@swc/jest', { ...cjs, jsc: { target: 'es2022', parser: { syntax: 'ecmascript' } } }],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esm.join('|')})/)`],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1', '^@safesync/([^/]+)$': '<rootDir>/libs/$1/src/index.ts' },
};
