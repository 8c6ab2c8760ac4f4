/** Exposure and P&L over time under both histories: an SVG drawing, and a page that holds it. */
import type { Point } from './what-if-run.js';

const WIDTH = 960;
const HEIGHT = 240;
const LEFT = 130;
const RIGHT = 20;
const GAP = 76;
const TOP = 40;
/** Lines across a panel. */
const GRID = 4;
const THEN = '#1f4e79';
const NOW = '#b03a2e';

/** One panel per currency and figure; solid as recorded, dashed under the others. */
export function chart(points: readonly Point[], other: string): string {
  const currencies = [...new Set(points.map(({ currency }) => currency))];
  const panels = currencies.flatMap((currency) => {
    const own = points.filter((point) => point.currency === currency);
    return (['exposure', 'pnl'] as const).map((figure) => ({ own, figure, currency }));
  });
  const drawn = panels.map(({ own, figure, currency }, i) =>
    panel(own, figure, currency, TOP + i * (HEIGHT + GAP) + 24),
  );
  const height = TOP + Math.max(1, panels.length) * (HEIGHT + GAP);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" font-family="system-ui, sans-serif" font-size="12">`,
    `<title>Exposure and P&amp;L as recorded, and with ${escaped(other)}</title>`,
    '<rect width="100%" height="100%" fill="white"/>',
    legend(other),
    ...drawn,
    '</svg>\n',
  ].join('\n');
}

const escaped = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');

function legend(other: string): string {
  const y = 20;
  return [
    `<line x1="${LEFT}" x2="${LEFT + 30}" y1="${y}" y2="${y}" stroke="${THEN}" stroke-width="2"/>`,
    `<text x="${LEFT + 36}" y="${y + 4}">as recorded</text>`,
    `<line x1="${LEFT + 140}" x2="${LEFT + 170}" y1="${y}" y2="${y}" stroke="${NOW}" stroke-width="2" stroke-dasharray="5 3"/>`,
    `<text x="${LEFT + 176}" y="${y + 4}">with ${escaped(other)}</text>`,
  ].join('\n');
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
  const bottom = top + HEIGHT;
  const right = WIDTH - RIGHT;
  const x = (i: number) => LEFT + ((right - LEFT) * i) / Math.max(1, points.length - 1);
  const y = (value: number) => bottom - (HEIGHT * (value - low)) / Math.max(1e-9, high - low);
  const line = (values: readonly number[]) =>
    values.map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
  const grid = Array.from({ length: GRID + 1 }, (_, i) => low + ((high - low) * i) / GRID);
  const ends = [points[0], points.at(-1)].map((point) => point?.time.slice(0, 19) ?? '');
  return [
    `<text x="${LEFT}" y="${top - 8}" font-weight="bold">${figure === 'pnl' ? 'P&amp;L' : 'Exposure'}, ${escaped(currency)}</text>`,
    ...grid.map(
      (value) =>
        `<line x1="${LEFT}" x2="${right}" y1="${y(value).toFixed(1)}" y2="${y(value).toFixed(1)}" stroke="#e4e4e4"/>` +
        `<text x="${LEFT - 8}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${value.toLocaleString('en-US', { maximumFractionDigits: 2 })}</text>`,
    ),
    `<line x1="${LEFT}" x2="${right}" y1="${y(0).toFixed(1)}" y2="${y(0).toFixed(1)}" stroke="#888"/>`,
    `<polyline fill="none" stroke="${THEN}" stroke-width="1.5" points="${line(then)}"/>`,
    `<polyline fill="none" stroke="${NOW}" stroke-width="1.5" stroke-dasharray="5 3" points="${line(now)}"/>`,
    `<text x="${LEFT}" y="${bottom + 18}">${ends[0]}</text>`,
    `<text x="${right}" y="${bottom + 18}" text-anchor="end">${ends[1]}</text>`,
  ].join('\n');
}

/** A page of its own: no script, nothing loaded. */
export function chartPage(
  points: readonly Point[],
  summary: Readonly<Record<string, number>>,
  other: string,
): string {
  const row = (cells: readonly (string | number)[], tag: 'td' | 'th') =>
    `<tr>${cells.map((cell) => `<${tag}>${escaped(String(cell))}</${tag}>`).join('')}</tr>`;
  const head = ['Time', 'Sequence', 'Currency', 'Exposure', 'what if', 'P&L', 'what if'];
  const rows = points.map(({ time, sequence, currency, recorded, whatIf }) =>
    row(
      [time, sequence, currency, recorded.exposure, whatIf.exposure, recorded.pnl, whatIf.pnl],
      'td',
    ),
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Daybook: decided again with ${escaped(other)}</title>
<style>
body { font: 14px system-ui, sans-serif; margin: 2rem; max-width: 1000px }
table { border-collapse: collapse } td, th { padding: 0.15rem 0.75rem; text-align: right }
td:first-child, th:first-child { text-align: left }
svg { max-width: 100%; height: auto }
</style>
</head>
<body>
<h1>Decided again with ${escaped(other)}</h1>
<table>${Object.entries(summary)
    .map((entry) => row(entry, 'td'))
    .join('\n')}</table>
${chart(points, other)}
<table>
${row(head, 'th')}
${rows.join('\n')}
</table>
</body>
</html>
`;
}
