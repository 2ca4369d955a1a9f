/**
 * The pieces of SQL text as servers read it with backslash escapes on and ANSI_QUOTES off. Written a second time, and in another
 * way than the library's own reader, so that one mistake cannot hide the other. What ends nowhere falls apart into symbols.
 */
const PIECES = [
  String.raw`\s+`,
  String.raw`(?<comment>--(?=[\0- ]|$)[^\n]*|#[^\n]*|/\*[\s\S]*?(?:\*/|$))`,
  String.raw`(?<literal>[xX]'[0-9a-fA-F]*'|'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*"|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)`,
  '(?<quoted>`(?:[^`]|``)*`)',
  String.raw`(?<word>[A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]*)`,
  String.raw`(?<symbol>[\s\S])`,
];
const CONSTANT = /^(?:null|true|false)$/i;
/** After these a minus is a sign, which belongs to its number. */
const BEFORE_A_SIGN = /^(?:[(,=]|SELECT|\/\*[\s\S]*)$/;

/** The statement with every literal replaced by `?`, white space made one; comments stay visible. */
export function shapeOf(sql: string): string {
  const shape: string[] = [];
  for (const { 0: text, groups = {} } of sql.matchAll(new RegExp(PIECES.join('|'), 'gy'))) {
    if (text.trim() === '') continue;
    const isLiteral = groups.literal !== undefined || CONSTANT.test(text);
    if (isLiteral && isSigned(text, shape)) shape.pop();
    shape.push(isLiteral ? '?' : text);
  }
  return shape.join(' ');
}

function isSigned(literal: string, before: readonly string[]): boolean {
  return /^\d/.test(literal) && before.at(-1) === '-' && BEFORE_A_SIGN.test(before.at(-2) ?? '(');
}
