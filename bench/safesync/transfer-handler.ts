import type { ContenderSetup, Probe } from '../process/contender.js';
import { startApplication } from './transfer-application.js';

/** Ours, as it is without options. */
export function start(setup: ContenderSetup, probe: Probe): Promise<void> {
  return startApplication(setup, probe, { exactlyOnce: false });
}
