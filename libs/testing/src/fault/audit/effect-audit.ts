/** What there is to compare when everything has come to rest. */
export interface EffectEvidence {
  /** Keys of what was asked for: each must have its effect once, or be a dead letter. */
  readonly published: Iterable<string>;
  /** The key of every row of effects, one row for each time it happened. */
  readonly effects: Iterable<string>;
  /** Keys that were given up on purpose. Default none. */
  readonly deadLetters?: Iterable<string>;
  /** Keys in the table that recognises what came before; not looked at when left out. */
  readonly inbox?: Iterable<string>;
  /** Messages that are still unread or unacknowledged. Default 0. */
  readonly unfinished?: number;
  /** What each account must hold, if all effects happened once. */
  readonly model?: ReadonlyMap<string, bigint>;
  /** What each account holds. */
  readonly balances?: ReadonlyMap<string, bigint>;
}

export interface EffectFindings {
  /** Published, without an effect and without a dead letter. */
  readonly lost: readonly string[];
  /** With more than one effect or dead letter, or with one of each. */
  readonly doubled: readonly string[];
  /** With an effect or a dead letter, and never published. */
  readonly foreign: readonly string[];
  /** In the inbox without an effect, or with an effect and not in the inbox. */
  readonly torn: readonly string[];
  /** Accounts that do not hold what the model says. */
  readonly unequal: readonly string[];
  readonly unfinished: number;
  /** One sentence for each fault; empty when all is well. */
  readonly faults: readonly string[];
}

/**
 * Compares effects with what was asked for. Pure: it reads nothing but its argument. That a sum stayed the same proves little, since
 * a transfer that happened twice keeps it: hence one row for each effect, and a model of every account.
 */
export function auditEffects(evidence: EffectEvidence): EffectFindings {
  const { unfinished = 0, inbox } = evidence;
  const published = new Set(evidence.published);
  const dead = countEach(evidence.deadLetters ?? []);
  const counts = countEach(evidence.effects);
  const lost = [...published].filter((key) => !counts.has(key) && !dead.has(key));
  const ended = new Set([...counts.keys(), ...dead.keys()]);
  const doubled = [...ended].filter((key) => (counts.get(key) ?? 0) + (dead.get(key) ?? 0) > 1);
  const foreign = [...ended].filter((key) => !published.has(key));
  const torn = inbox === undefined ? [] : difference(new Set(inbox), counts);
  const unequal = unequalAccounts(evidence);
  const faults = [
    sentence(lost, 'published and neither done nor a dead letter'),
    sentence(doubled, 'done more than once'),
    sentence(foreign, 'done and never published'),
    sentence(torn, 'in the inbox or done, and not both'),
    sentence(unequal, 'with another balance than the model says'),
    unfinished > 0 ? `${unfinished} unread or unacknowledged` : '',
  ].filter((fault) => fault !== '');
  return { lost, doubled, foreign, torn, unequal, unfinished, faults };
}

function countEach(keys: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

interface Keys {
  has(key: string): boolean;
  keys(): Iterable<string>;
}

function difference(one: Keys, other: Keys): string[] {
  const without = (a: Keys, b: Keys): string[] => [...a.keys()].filter((key) => !b.has(key));
  return [...without(one, other), ...without(other, one)];
}

function unequalAccounts({ model, balances }: EffectEvidence): string[] {
  if (model === undefined) return [];
  const accounts = new Set([...model.keys(), ...(balances?.keys() ?? [])]);
  return [...accounts].filter((account) => (model.get(account) ?? 0n) !== (balances?.get(account) ?? 0n));
}

const SHOWN = 3;

function sentence(keys: readonly string[], what: string): string {
  if (keys.length === 0) return '';
  const shown = keys.slice(0, SHOWN).join(', ');
  return `${keys.length} (${shown}${keys.length > SHOWN ? ', …' : ''}) ${what}`;
}
