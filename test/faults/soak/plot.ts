import type { Point } from './trend.js';

export interface PlotLine {
  readonly title: string;
  readonly unit: string;
  readonly points: readonly Point[];
}

const WIDTH = 720;
const HEIGHT = 90;
const LEFT = 210;
const GAP = 22;

/** Small graphs one below the other with one axis of time, each from 0 to its greatest value; moments of faults as ticks below. */
export function plot(lines: readonly PlotLine[], faultsAt: readonly number[], lengthMs: number): string {
  const x = (at: number): number => LEFT + (at / Math.max(1, lengthMs)) * (WIDTH - LEFT - 10);
  const graphs = lines.map((line, index) => graphOf(line, index * (HEIGHT + GAP) + 10, x));
  const bottom = lines.length * (HEIGHT + GAP) + 16;
  const ticks = faultsAt.map((at) => `<line x1="${n(x(at))}" y1="${bottom}" x2="${n(x(at))}" y2="${bottom + 8}"/>`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 34}" font-family="sans-serif" font-size="12" fill="#555">`,
    ...graphs,
    `<g stroke="#c33">${ticks.join('')}</g>`,
    `<text x="0" y="${bottom + 9}">faults</text>`,
    `<text x="${LEFT}" y="${bottom + 28}">0</text>`,
    `<text x="${WIDTH - 10}" y="${bottom + 28}" text-anchor="end">${n(lengthMs / 60_000)} min</text>`,
    '</svg>',
    '',
  ].join('\n');
}

function graphOf({ title, unit, points }: PlotLine, top: number, x: (at: number) => number): string {
  const greatest = Math.max(1, ...points.map(({ value }) => value));
  const y = (value: number): number => top + HEIGHT - (value / greatest) * HEIGHT;
  const path = points.map(({ at, value }) => `${n(x(at))},${n(y(value))}`).join(' ');
  return [
    `<text x="0" y="${top + 14}">${title}</text>`,
    `<text x="${LEFT - 6}" y="${top + 10}" text-anchor="end">${n(greatest)} ${unit}</text>`,
    `<text x="${LEFT - 6}" y="${top + HEIGHT}" text-anchor="end">0</text>`,
    `<path d="M${LEFT} ${top}V${top + HEIGHT}H${WIDTH - 10}" fill="none" stroke="#999"/>`,
    `<polyline points="${path}" fill="none" stroke="#2563eb" stroke-width="1.5"/>`,
  ].join('\n');
}

function n(value: number): string {
  return String(Math.round(value * 10) / 10);
}
