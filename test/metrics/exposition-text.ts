export interface ExposedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One metric of a Prometheus exposition text. */
export interface ExposedMetric {
  readonly help: string;
  readonly type: string;
  readonly samples: readonly ExposedSample[];
}

/** Reads the text format as a Prometheus server would; a line that it does not understand throws. */
export function readExposition(text: string): ReadonlyMap<string, ExposedMetric> {
  const metrics = new Map<string, { help: string; type: string; samples: ExposedSample[] }>();
  let current = { help: '', type: '', samples: [] as ExposedSample[] };
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const help = /^# HELP (\w+) (.*)$/.exec(line);
    const type = /^# TYPE (\w+) (\w+)$/.exec(line);
    if (help?.[1]) {
      current = { help: help[2] ?? '', type: '', samples: [] };
      metrics.set(help[1], current);
    } else if (type) current.type = type[2] ?? '';
    else current.samples.push(readSample(line));
  }
  return metrics;
}

function readSample(line: string): ExposedSample {
  const match = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
  if (!match) throw new Error(`Not a sample: ${line}`);
  const [, name = '', labels = '', value = ''] = match;
  const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, text]) => [label, text]);
  return { name, labels: Object.fromEntries(pairs), value: Number(value) };
}
