import { jsonSchemaCheck } from './json-schema.js';

// not a server: an optional package that is not installed
jest.mock('ajv/dist/2020.js', () => {
  throw new Error("Cannot find module 'ajv/dist/2020.js'");
});

describe('jsonSchemaCheck without ajv', () => {
  it('names the package and how to get it', async () => {
    await expect(jsonSchemaCheck({ type: 'object' })).rejects.toThrow(
      'JSON Schema of a stream: it needs the package ajv: npm install ajv.',
    );
  });
});
