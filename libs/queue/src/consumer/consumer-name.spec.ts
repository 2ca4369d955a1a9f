import { newConsumerName } from './consumer-name.js';

describe('newConsumerName', () => {
  it('is host, process and a random part', () => {
    expect(newConsumerName('worker-7.example')).toMatch(new RegExp(`^worker-7\\.example-${process.pid}-[0-9a-f]{8}$`));
  });

  it('is another one each time', () => {
    expect(newConsumerName('host')).not.toBe(newConsumerName('host'));
  });

  it.each([
    ['', 'host'],
    ['a b\nc', 'a_b_c'],
    ['x'.repeat(500), 'x'.repeat(64)],
  ])('keeps a strange host name readable and short (%j)', (host, readable) => {
    expect(newConsumerName(host)).toMatch(new RegExp(`^${readable}-\\d+-[0-9a-f]{8}$`));
  });
});
