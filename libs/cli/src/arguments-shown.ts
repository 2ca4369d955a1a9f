/**
 * `text` with every argument that it repeats cut down to what names it. People mistype options, and what stands behind one may be a
 * password.
 */
export function hideArguments(text: string, args: readonly string[]): string {
  return args
    .flatMap((arg) => [arg, arg.slice(arg.indexOf('=') + 1)])
    .map((arg) => [arg, shown(arg)] as const)
    .filter(([arg, short]) => arg !== short)
    .toSorted(([left], [right]) => right.length - left.length)
    .reduce((result, [arg, short]) => result.replaceAll(arg, short), text);
}

function shown(arg: string): string {
  if (arg.startsWith('--')) return arg.replace(/=.*$/s, '=...');
  if (arg.startsWith('-') && arg.length > 2) return `${arg.slice(0, 2)}...`;
  return arg.replace(/:.*$/s, ':...');
}
