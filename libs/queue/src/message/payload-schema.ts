/** The part of the Standard Schema interface (standardschema.dev, version 1) that is used here. */
export interface StandardSchema<T = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<T> | Promise<StandardResult<T>>;
    readonly types?: { readonly input: unknown; readonly output: T } | undefined;
  };
}
type StandardResult<T> =
  | { readonly value: T; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };
interface StandardIssue {
  readonly message: string;
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined;
}

/** What a schema made of a payload, or one line per fault: a path, and what it breaks where the validator says so in a word. */
export type SchemaResult = { readonly value: unknown } | { readonly faults: readonly string[] };

export type SchemaCheck = (payload: unknown) => SchemaResult | Promise<SchemaResult>;

const MAX_FAULTS = 20;
const MAX_PATH = 200;

/** One line, of a length that an error can carry: keys of a payload may be of any. */
export function faultLine(path: string, word?: string): string {
  const shown = path.length > MAX_PATH ? `${path.slice(0, MAX_PATH)}...` : path || '(root)';
  return word === undefined ? shown : `${shown}: ${word}`;
}

/** As many lines as an error can carry, and how many more there are. */
export function faultLines<T>(faults: readonly T[], line: (fault: T) => string): string[] {
  const lines = faults.slice(0, MAX_FAULTS).map(line);
  return faults.length > MAX_FAULTS ? [...lines, `and ${faults.length - MAX_FAULTS} more`] : lines;
}

// a schema may itself be callable (arktype), so the marker is looked for before the type
export function isStandardSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const standard = (value as Partial<StandardSchema>)['~standard'];
  return typeof standard?.validate === 'function';
}

export function standardSchemaCheck(schema: StandardSchema): SchemaCheck {
  return async (payload) => {
    const result = await schema['~standard'].validate(payload);
    return result.issues ? { faults: faultLines(result.issues, describeIssue) } : { value: result.value };
  };
}

// the issue's message is left out: a schema author may have put the value into it
function describeIssue(issue: StandardIssue): string {
  const path = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
  const code = (issue as { readonly code?: unknown }).code;
  return faultLine(path, typeof code === 'string' ? code : undefined);
}
