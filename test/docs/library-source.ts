import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

export const ROOT = join(__dirname, '..', '..');

/** What an error class says of itself in its own constructor; undefined where it leaves it to its base class or its caller. */
export interface ErrorSource {
  readonly base: string | undefined;
  readonly code: string | undefined;
  readonly remedy: string | undefined;
}

export interface OptionField {
  readonly name: string;
  /** The figure that the doc comment names as the default, without spaces; undefined for any other default. */
  readonly defaultFigure: string | undefined;
}

/** The names that programs meet: what the index of each library exports. */
export interface LibrarySource {
  readonly errors: ReadonlyMap<string, ErrorSource>;
  /** Every code that any error is made with. */
  readonly codes: ReadonlySet<string>;
  /** Interfaces of options, by name; only those that an index exports. */
  readonly options: ReadonlyMap<string, readonly OptionField[]>;
}

const OPTIONS = /^(?!Resolved).*(Options|Extras|Limits|Input)$/;
const CODE = /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/;

/** Reads the sources of all libraries, specs left out. */
export function readLibraries(): LibrarySource {
  const errors = new Map<string, ErrorSource>();
  const codes = new Set<string>();
  const interfaces = new Map<string, readonly OptionField[]>();
  const exported = new Set<string>();
  for (const file of sourceFiles()) {
    const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
    if (file.endsWith(join('src', 'index.ts'))) addExports(source, exported);
    walk(source, (node) => {
      if (ts.isClassDeclaration(node) && node.name?.text.endsWith('Error')) errors.set(node.name.text, errorOf(node));
      if (ts.isInterfaceDeclaration(node) && OPTIONS.test(node.name.text))
        interfaces.set(node.name.text, fieldsOf(node));
      if (ts.isPropertyAssignment(node) && node.name.getText() === 'code') addCode(node, codes);
    });
  }
  const options = new Map([...interfaces].filter(([name]) => exported.has(name)));
  return { errors, codes, options };
}

function sourceFiles(): string[] {
  const libraries = readdirSync(join(ROOT, 'libs'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return libraries.flatMap(({ name }) => {
    const folder = join(ROOT, 'libs', name, 'src');
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !/\.(spec|int-spec)\.ts$/.test(file))
      .map((file) => join(folder, file));
  });
}

function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  node.forEachChild((child) => walk(child, visit));
}

function addExports(source: ts.SourceFile, exported: Set<string>): void {
  for (const statement of source.statements) {
    if (!ts.isExportDeclaration(statement)) continue;
    const clause = statement.exportClause;
    if (clause && ts.isNamedExports(clause)) for (const { name } of clause.elements) exported.add(name.text);
  }
}

function errorOf(node: ts.ClassDeclaration): ErrorSource {
  const said = new Map<string, string | undefined>();
  for (const member of node.members.filter(ts.isConstructorDeclaration)) {
    walk(member, (inner) => {
      if (!ts.isPropertyAssignment(inner)) return;
      const name = inner.name.getText();
      if (!said.has(name)) said.set(name, textOf(inner.initializer));
    });
  }
  const base = node.heritageClauses?.[0]?.types[0]?.expression.getText();
  return { base, code: said.get('code'), remedy: said.get('remedy') };
}

/** The text of a literal, or of the literal that stands in for a missing value. */
function textOf(expression: ts.Expression): string | undefined {
  if (ts.isStringLiteralLike(expression)) return expression.text;
  if (ts.isBinaryExpression(expression)) return textOf(expression.right);
  return undefined;
}

function addCode({ initializer }: ts.PropertyAssignment, codes: Set<string>): void {
  const text = textOf(initializer);
  if (text !== undefined && CODE.test(text)) codes.add(text);
}

function fieldsOf(node: ts.InterfaceDeclaration): OptionField[] {
  return node.members.filter(ts.isPropertySignature).map((member) => {
    const comment = ts
      .getJSDocCommentsAndTags(member)
      .map((part) => part.getText())
      .join(' ');
    const figure = /Default:? (\d[\d ]*)/.exec(comment)?.[1];
    return { name: member.name.getText(), defaultFigure: figure?.replaceAll(' ', '') };
  });
}
