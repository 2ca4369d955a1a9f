export { run } from './run.js';
export { EXIT, type Terminal } from './terminal.js';
