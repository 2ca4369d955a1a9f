import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { hideArguments } from './arguments-shown.js';
import { COMMANDS } from './commands/commands.js';
import { failureText, isUsageError } from './failure.js';
import { EXIT, type Terminal } from './terminal.js';

/** Runs one command line (without the names of node and program) to its end; the outcome is in `terminal.exitCode`. */
export async function run(args: readonly string[], terminal: Terminal): Promise<void> {
  try {
    await createProgram(args, terminal).parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      // said already, by the parser
      terminal.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
      return;
    }
    terminal.err(`safesync: ${failureText(error)}\n`);
    terminal.exitCode = isUsageError(error) ? EXIT.usage : EXIT.failed;
  }
}

function createProgram(args: readonly string[], terminal: Terminal): Command {
  const program = new Command('safesync')
    .description('The tables of the SafeSync libraries, from a terminal.')
    .version(version())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
      outputError: (text, write) => write(hideArguments(text.replace(/^error:/, 'safesync:'), args)),
    })
    .showHelpAfterError('Run `safesync --help`, or with --help after a command.');
  for (const command of COMMANDS) program.addCommand(command(terminal).copyInheritedSettings(program));
  return program;
}

function version(): string {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;
}
