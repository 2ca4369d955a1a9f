import { InvalidParameterError } from '../db.errors.js';
import { type SqlParams, toLiteral } from './sql-value.js';

/** The table a statement writes, as metrics count it. */
export interface WriteTarget {
  readonly table: string;
  readonly op: 'insert' | 'update';
}

/** Why a statement may not run inside a session, and what to do instead. */
export interface Refusal {
  readonly why: string;
  readonly remedy: string;
}

/** What reading the text of a statement once tells. */
export interface StatementFacts {
  /** The deciding keyword, upper case: `SELECT`, `INSERT`; that of the main statement after WITH. Empty for empty text. */
  readonly verb: string;
  /** The text between parameters: one piece more than `names`. */
  readonly segments: readonly string[];
  readonly names: readonly string[];
  readonly write: WriteTarget | undefined;
  readonly isNoWait: boolean;
  /** An INSERT that fails on a duplicate: without IGNORE and without ON DUPLICATE KEY. */
  readonly isPlainInsert: boolean;
  /** What the statement leaves behind on its connection; such a connection is not used again. */
  readonly taint: string | undefined;
  readonly refusal: Refusal | undefined;
}

/** One SQL text, read once and used many times. */
export class Statement {
  private readonly uniqueNames: ReadonlySet<string>;

  constructor(private readonly facts: StatementFacts) {
    this.uniqueNames = new Set(facts.names);
  }

  get verb(): string {
    return this.facts.verb;
  }

  get write(): WriteTarget | undefined {
    return this.facts.write;
  }

  /** True for writes of any kind, counted in metrics or not. */
  get isWrite(): boolean {
    return this.facts.write !== undefined || this.facts.verb === 'DELETE';
  }

  get isNoWait(): boolean {
    return this.facts.isNoWait;
  }

  get isPlainInsert(): boolean {
    return this.facts.isPlainInsert;
  }

  get taint(): string | undefined {
    return this.facts.taint;
  }

  get refusal(): Refusal | undefined {
    return this.facts.refusal;
  }

  /** The text to send, with every parameter as a literal. Each `:name` needs its own property; others are refused. */
  bind(params: SqlParams | undefined): string {
    const { segments, names } = this.facts;
    if (params !== undefined) this.requireKnown(params);
    let text = segments[0] as string;
    for (let index = 0; index < names.length; index += 1) {
      text += this.literal(names[index] as string, params) + (segments[index + 1] as string);
    }
    return text;
  }

  private literal(name: string, params: SqlParams | undefined): string {
    if (params === undefined || !Object.hasOwn(params, name)) throw new InvalidParameterError(name, 'is missing');
    return toLiteral(name, params[name]);
  }

  private requireKnown(params: SqlParams): void {
    if (typeof params !== 'object' || params === null || Array.isArray(params)) {
      throw new InvalidParameterError('(all)', 'must be given as one object of names and values');
    }
    for (const name of Object.keys(params)) {
      if (!this.uniqueNames.has(name)) throw new InvalidParameterError(name, 'does not occur in the statement');
    }
  }
}
