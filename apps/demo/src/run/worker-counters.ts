/** Sum of a counter over the metrics pages of several processes; a process that is gone counts nothing. */
export async function sumCounter(urls: readonly string[], name: string): Promise<number> {
  const pages = await Promise.all(urls.map(readMetrics));
  return pages.reduce((sum, page) => sum + sumOfSamples(page, name), 0);
}

/** Sum of the samples of `name` in an exposition text: of all its series, or of the one whose labels `name` ends with. */
export function sumOfSamples(exposition: string, name: string): number {
  const samples = exposition.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** The metrics page of a process; empty when the process is gone. */
export async function readMetrics(url: string): Promise<string> {
  try {
    return await (await fetch(`${url}/metrics`)).text();
  } catch {
    return '';
  }
}
