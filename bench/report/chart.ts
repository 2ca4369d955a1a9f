import type { Benchmark, Figure } from '../benchmarks/benchmark.js';
import { type ChartRow, chartRows } from './chart-row.js';
import { comparedFigures, type Measured } from './measured.js';

const WIDTH = 900;
const BARS_FROM = 200;
const BARS_TO = 540;
const FIGURE_AT = BARS_TO + 12;
const NOTE_AT = BARS_TO + 70;
const ROW = 26;
const BAR = 14;
const HEAD = 34;
const STYLE = `text{font:12px system-ui,sans-serif;fill:#1f2328}.head{font-weight:600}.ground{fill:#fff}
.ours{fill:#0969da}.other{fill:#afb8c1}.range{stroke:#1f2328;stroke-width:1.5}.line{stroke:#0969da;stroke-dasharray:3 3}
.goal{stroke-width:3}path.met{stroke:#1a7f37}path.missed{stroke:#cf222e}text.met{fill:#1a7f37}text.missed{fill:#cf222e}
@media(prefers-color-scheme:dark){text{fill:#f0f6fc}.ground{fill:#0d1117}
.ours{fill:#4493f8}.other{fill:#57606a}.range{stroke:#f0f6fc}.line{stroke:#4493f8}
path.met{stroke:#3fb950}path.missed{stroke:#f85149}text.met{fill:#3fb950}text.missed{fill:#f85149}}`;

/** Where a value lies on the bars of a panel. */
type Scale = (value: number) => number;

/**
 * Bars of medians with their range, one panel per case and compared figure, as an SVG that is readable on light and on dark
 * ground. A dashed line goes through ours; the thick mark on a bar is where its goal lies.
 */
export function chart(benchmark: Benchmark, all: readonly Measured[]): string {
  const panels: string[] = [];
  let y = 0;
  for (const measured of all) {
    for (const figure of comparedFigures(benchmark)) {
      const rows = chartRows(benchmark, measured, figure);
      if (rows.length === 0) continue;
      const headline = `${benchmark.name}, ${measured.case.title}: ${figure.title}`;
      panels.push(`<g transform="translate(0 ${y})">${panel(headline, figure, rows)}</g>`);
      y += HEAD + rows.length * ROW + ROW / 2;
    }
  }
  const size = `viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img">`,
    `<title>${escaped(`${benchmark.name}: ${benchmark.title}`)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="ground" width="${WIDTH}" height="${y}" rx="6"/>`,
    ...panels,
    '</svg>\n',
  ].join('\n');
}

function panel(headline: string, { digits }: Figure, rows: readonly ChartRow[]): string {
  const longest = Math.max(...rows.map(({ own }) => own.max), Number.MIN_VALUE);
  const scale: Scale = (value) => Math.min(BARS_TO, BARS_FROM + (value / longest) * (BARS_TO - BARS_FROM));
  const ours = rows.find(({ isOurs }) => isOurs)?.own.median;
  const end = HEAD + rows.length * ROW - 4;
  const line = ours === undefined ? '' : `\n<path class="line" d="M${place(scale(ours))} ${HEAD - 4}V${end}"/>`;
  const bars = rows.map((row, index) => bar(row, HEAD + index * ROW, digits, scale));
  return `<text class="head" x="16" y="22">${escaped(headline)}</text>${bars.join('')}${line}`;
}

function bar({ title, isOurs, own, ratio, goal }: ChartRow, y: number, digits: number, scale: Scale): string {
  const middle = y + BAR / 2;
  const text = middle + 4;
  const mark = goal && `M${place(scale(goal.mark))} ${y - 3}V${y + BAR + 3}`;
  const is = ratio === undefined ? '' : `ours is ${ratio.toFixed(2)} of it`;
  const asked = goal && `${goal.met ? '✓' : '✗'} ${goal.text}`;
  const kind = goal ? (goal.met ? 'met' : 'missed') : 'plain';
  return [
    `\n<text x="${BARS_FROM - 8}" y="${text}" text-anchor="end">${escaped(title)}</text>`,
    `<rect class="${isOurs ? 'ours' : 'other'}" x="${BARS_FROM}" y="${y}" width="${place(scale(own.median) - BARS_FROM)}" height="${BAR}" rx="2"/>`,
    `<path class="range" d="M${place(scale(own.min))} ${middle}H${place(scale(own.max))}"/>`,
    mark ? `<path class="goal ${kind}" d="${mark}"/>` : '',
    `<text x="${FIGURE_AT}" y="${text}">${own.median.toFixed(digits)}</text>`,
    `<text class="${kind}" x="${NOTE_AT}" y="${text}">${escaped([is, asked].filter(Boolean).join(', '))}</text>`,
  ].join('');
}

function place(value: number): string {
  return value.toFixed(1);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
