/** Exposure and P&L over time under both limits, as an SVG drawing without any dependency. */
import type { Point } from './what-if.js';

const WIDTH = 960;
const HEIGHT = 260;
const LEFT = 120;

/** One panel per currency and figure; solid as recorded, dashed under the other limits. */
export function chart(points: readonly Point[]): string {
  const currencies = [...new Set(points.map(({ currency }) => currency))];
  const panels: string[] = [];
  for (const currency of currencies) {
    const own = points.filter((point) => point.currency === currency);
    for (const figure of ['exposure', 'pnl'] as const) {
      panels.push(panel(own, figure, currency, panels.length * (HEIGHT + 40) + 30));
    }
  }
  const height = panels.length * (HEIGHT + 40) + 20;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" fill="white"/>\n${panels.join('\n')}\n</svg>\n`;
}

/** Drawing needs no exact amounts: these are pixels. */
function panel(
  points: readonly Point[],
  figure: 'exposure' | 'pnl',
  currency: string,
  top: number,
): string {
  const then = points.map(({ recorded }) => Number(recorded[figure]));
  const now = points.map(({ whatIf }) => Number(whatIf[figure]));
  const high = Math.max(0, ...then, ...now);
  const low = Math.min(0, ...then, ...now);
  const x = (i: number) => LEFT + ((WIDTH - LEFT - 20) * i) / Math.max(1, points.length - 1);
  const y = (value: number) => top + HEIGHT - (HEIGHT * (value - low)) / Math.max(1e-9, high - low);
  const line = (values: readonly number[]) =>
    values.map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
  const title = figure === 'pnl' ? 'P&amp;L' : 'Exposure';
  return [
    `<text x="${LEFT}" y="${top - 8}">${title}, ${currency}: solid as recorded, dashed under these limits</text>`,
    `<text x="4" y="${top + 12}">${high.toFixed(2)}</text>`,
    `<text x="4" y="${top + HEIGHT}">${low.toFixed(2)}</text>`,
    `<line x1="${LEFT}" x2="${WIDTH - 20}" y1="${y(0)}" y2="${y(0)}" stroke="#ccc"/>`,
    `<polyline fill="none" stroke="#1f4e79" stroke-width="1.5" points="${line(then)}"/>`,
    `<polyline fill="none" stroke="#b03a2e" stroke-width="1.5" stroke-dasharray="5 3" points="${line(now)}"/>`,
  ].join('\n');
}
