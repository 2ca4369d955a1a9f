import type { Command } from 'commander';
import type { Terminal } from '../terminal.js';
import { migrate } from './migrate.js';
import { sql } from './sql.js';
import { status } from './status.js';

/** Every command, in the order in which the help lists them. */
export const COMMANDS: readonly ((terminal: Terminal) => Command)[] = [migrate, status, sql];
