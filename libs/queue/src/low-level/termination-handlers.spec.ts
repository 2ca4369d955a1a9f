import { installTerminationHandlers } from './termination-handlers.js';

const log = jest.fn();
const uninstalls: (() => void)[] = [];

function install(stop: () => unknown): () => void {
  const uninstall = installTerminationHandlers(stop, { log });
  uninstalls.push(uninstall);
  return uninstall;
}

function send(signal: NodeJS.Signals): void {
  process.emit(signal, signal);
}

afterEach(() => {
  for (const uninstall of uninstalls.splice(0)) uninstall();
  log.mockClear();
});

it('calls stop on SIGTERM and on SIGINT, each time', () => {
  const stop = jest.fn();
  install(stop);
  send('SIGTERM');
  send('SIGINT');
  send('SIGTERM');
  expect(stop).toHaveBeenCalledTimes(3);
});

it('says which signal came', () => {
  install(() => undefined);
  send('SIGINT');
  expect(log).toHaveBeenCalledWith('Received SIGINT, stopping.');
});

it('lets the errors of stop out', () => {
  install(() => {
    throw new Error('cannot stop');
  });
  expect(() => send('SIGTERM')).toThrow('cannot stop');
});

it('leaves the listeners of others in place, and takes only its own away again', () => {
  const before = process.listeners('SIGTERM');
  const uninstall = install(() => undefined);
  expect(process.listeners('SIGTERM')).toHaveLength(before.length + 1);
  uninstall();
  expect(process.listeners('SIGTERM')).toEqual(before);
});
