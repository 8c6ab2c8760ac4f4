/** Latency percentiles over load as an SVG: both axes logarithmic, one panel a curve. */
import type { LoadLatency } from './load-program.js';

export interface LoadCurve {
  readonly name: string;
  readonly points: readonly { readonly rate: number; readonly latency: LoadLatency }[];
}

const LINES = [
  { key: 'p50', label: 'p50', color: '#1b6ca8' },
  { key: 'p90', label: 'p90', color: '#2a9d8f' },
  { key: 'p99', label: 'p99', color: '#e9a23b' },
  { key: 'p999', label: 'p99.9', color: '#d95d39' },
  { key: 'p9999', label: 'p99.99', color: '#8c2f39' },
] as const;

const WIDTH = 300;
const HEIGHT = 260;
const LEFT = 62;
const TOP = 40;
const GAP = 24;
const US_LEAST = 5;
const US_MOST = 1_000_000;

export function latencyPlot(curves: readonly LoadCurve[]): string {
  const rates = curves[0]?.points.map(({ rate }) => rate) ?? [];
  const x = scale(Math.min(...rates), Math.max(...rates), 0, WIDTH);
  const y = scale(US_LEAST, US_MOST, HEIGHT, 0);
  const panels = curves.map((curve, i) => {
    const at = LEFT + i * (WIDTH + GAP);
    return `<g transform="translate(${at},${TOP})">${panel(curve, x, y, i === 0)}</g>`;
  });
  const width = LEFT + curves.length * (WIDTH + GAP) + 10;
  const height = TOP + HEIGHT + 66;
  const legend = LINES.map(
    ({ label, color }, i) =>
      `<rect x="${LEFT + i * 80}" y="${height - 16}" width="12" height="4" fill="${color}"/>` +
      `<text x="${LEFT + i * 80 + 16}" y="${height - 10}">${label}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="11">`,
    '<title>Latency of an order over load</title>',
    `<rect width="${width}" height="${height}" fill="white"/>`,
    ...panels,
    ...legend,
    '</svg>',
    '',
  ].join('\n');
}

type Scale = (value: number) => number;

function scale(least: number, most: number, from: number, to: number): Scale {
  const span = Math.log(most / least);
  return (value) => {
    const part = Math.log(Math.min(most, Math.max(least, value)) / least) / span;
    return Math.round((from + part * (to - from)) * 10) / 10;
  };
}

function panel(curve: LoadCurve, x: Scale, y: Scale, labels: boolean): string {
  const parts = [
    `<text x="${WIDTH / 2}" y="-14" text-anchor="middle" font-weight="bold">${curve.name}</text>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="none" stroke="#999"/>`,
  ];
  for (let us = 10; us <= US_MOST; us *= 10) {
    parts.push(`<line x1="0" x2="${WIDTH}" y1="${y(us)}" y2="${y(us)}" stroke="#e4e4e4"/>`);
    if (labels) parts.push(`<text x="-6" y="${y(us) + 4}" text-anchor="end">${time(us)}</text>`);
  }
  for (const { rate } of curve.points) {
    parts.push(
      `<text x="${x(rate)}" y="${HEIGHT + 15}" text-anchor="middle">${rate / 1000}k</text>`,
    );
  }
  parts.push(`<text x="${WIDTH / 2}" y="${HEIGHT + 32}" text-anchor="middle">orders/s</text>`);
  for (const { key, color } of LINES) {
    const points = curve.points.map(({ rate, latency }) => `${x(rate)},${y(latency[key])}`);
    parts.push(
      `<polyline points="${points.join(' ')}" fill="none" stroke="${color}" stroke-width="2"/>`,
    );
  }
  return parts.join('\n');
}

function time(us: number): string {
  if (us >= 1_000_000) return `${us / 1_000_000} s`;
  return us >= 1000 ? `${us / 1000} ms` : `${us} us`;
}
