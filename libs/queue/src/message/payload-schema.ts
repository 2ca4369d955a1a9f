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

// a schema may itself be callable (arktype), so the marker is looked for before the type
export function isStandardSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const standard = (value as Partial<StandardSchema>)['~standard'];
  return typeof standard?.validate === 'function';
}

export function standardSchemaCheck(schema: StandardSchema): SchemaCheck {
  return async (payload) => {
    const result = await schema['~standard'].validate(payload);
    return result.issues ? { faults: result.issues.map(describeIssue) } : { value: result.value };
  };
}

// the issue's message is left out: a schema author may have put the value into it
function describeIssue(issue: StandardIssue): string {
  const path = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
  const code = (issue as { readonly code?: unknown }).code;
  return typeof code === 'string' ? `${path || '(root)'}: ${code}` : path || '(root)';
}
