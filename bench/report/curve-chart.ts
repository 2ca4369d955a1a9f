import type { Curves, Point } from '../benchmarks/benchmark.js';

const WIDTH = 900;
const HEIGHT = 300;
const LEFT = 70;
const RIGHT = WIDTH - 40;
const TOP = 56;
const BOTTOM = HEIGHT - 48;
/** Of the height. */
const LEVELS = [0, 0.2, 0.4, 0.6, 0.8, 1];
const STYLE = `text{font:12px system-ui,sans-serif;fill:#1f2328}.head{font-weight:600}.ground{fill:#fff}
.grid{stroke:#afb8c1;stroke-width:.5}.curve{fill:none;stroke:#0969da;stroke-width:2}.other{stroke-dasharray:6 3}.point{fill:#0969da}
@media(prefers-color-scheme:dark){text{fill:#f0f6fc}.ground{fill:#0d1117}.grid{stroke:#57606a}
.curve{stroke:#4493f8}.point{fill:#4493f8}}`;

/** Curves over one axis, upwards from zero, as an SVG that is readable on light and on dark ground. */
export function curveChart({ title, x, y, ticks, lines }: Curves): string {
  const top = roundTop(Math.max(...lines.flatMap(({ points }) => points.map(([, value]) => value)), 1));
  const [first = 0, last = 1] = [ticks[0]?.[0], ticks.at(-1)?.[0]];
  const xAt = (value: number): string => place(LEFT + ((value - first) / (last - first)) * (RIGHT - LEFT));
  const yAt = (value: number): string => place(BOTTOM - (value / top) * (BOTTOM - TOP));
  const at = ([px, py]: Point): string => `${xAt(px)} ${yAt(py)}`;
  const levels = LEVELS.map((level) => Math.round(top * level));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">`,
    `<title>${title}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="ground" width="${WIDTH}" height="${HEIGHT}" rx="6"/>`,
    `<text class="head" x="16" y="22">${title}</text>`,
    `<text x="16" y="${TOP - 12}">${y}</text>`,
    `<text x="${RIGHT}" y="${BOTTOM + 36}" text-anchor="end">${x}</text>`,
    ...levels.map((level) => `<path class="grid" d="M${LEFT} ${yAt(level)}H${RIGHT}"/>`),
    ...levels.map((level) => `<text x="${LEFT - 8}" y="${yAt(level)}" dy="4" text-anchor="end">${level}</text>`),
    ...ticks.map(([tick, label]) => `<text x="${xAt(tick)}" y="${BOTTOM + 18}" text-anchor="middle">${label}</text>`),
    ...lines.map(
      ({ points }, index) => `<path class="curve${index === 0 ? '' : ' other'}" d="M${points.map(at).join('L')}"/>`,
    ),
    ...lines.map(({ title: name, points }) => endOf(name, points.at(-1) ?? [0, 0], at)),
    '</svg>\n',
  ].join('\n');
}

function endOf(name: string, end: Point, at: (point: Point) => string): string {
  const [px, py] = at(end).split(' ');
  return `<circle class="point" cx="${px}" cy="${py}" r="3"/><text x="${px}" y="${py}" dy="-8" text-anchor="end">${name}</text>`;
}

/** The next of 10, 20, 50, 100, .. */
function roundTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((factor) => factor * power).find((top) => top >= value) ?? value;
}

function place(value: number): string {
  return value.toFixed(1);
}
