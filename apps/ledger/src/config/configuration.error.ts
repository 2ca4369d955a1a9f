/** The environment does not say what the ledger must know. Lists everything that is wrong with it. */
export class ConfigurationError extends Error {
  constructor(readonly faults: readonly string[]) {
    super(['The ledger cannot start:', ...faults.map((fault) => `  - ${fault}.`)].join('\n'));
    this.name = 'ConfigurationError';
  }
}
