const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

export interface TerminationOptions {
  /** Told which signal came. Default: `console.info`. */
  readonly log?: (text: string) => void;
}

/**
 * Calls `stop` on every SIGTERM and SIGINT, until the returned function is called. Listeners of others stay in place; an error
 * of `stop` surfaces as the process's uncaught exception or unhandled rejection. The process no longer ends by itself on these
 * signals: `stop` must lead to its end. Nest applications use `enableShutdownHooks()` instead.
 */
export function installTerminationHandlers(stop: () => unknown, options: TerminationOptions = {}): () => void {
  const log = options.log ?? ((text: string) => console.info(text));
  const onSignal = (signal: NodeJS.Signals): void => {
    log(`Received ${signal}, stopping.`);
    stop();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return () => {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
}
