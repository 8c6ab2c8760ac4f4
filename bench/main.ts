/** `npm run bench -- NAME [--json] [--seconds N]`, `npm run bench -- report [NAME ...] [--seconds N]` */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import type { Figure } from './figure.js';
import { report } from './report.js';

type Bench = { run(options: { seconds: number }): Promise<Figure[]> };

const BENCHES: Readonly<Record<string, () => Promise<Bench>>> = {
  core: () => import('./core.js'),
  forward: () => import('./forward.js'),
  gateway: () => import('./gateway.js'),
  fastpath: () => import('./fastpath.js'),
  udp: () => import('./udp.js'),
  'fastpath-profile': () => import('./fastpath-profile.js'),
  divisions: () => import('./divisions.js'),
  isolation: () => import('./isolation.js'),
  journal: () => import('./journal.js'),
  ring: () => import('./ring.js'),
  matching: () => import('./matching.js'),
  projections: () => import('./projections.js'),
  'value-at-risk': () => import('./value-at-risk.js'),
  bars: () => import('./bars.js'),
  api: () => import('./api.js'),
  venue: () => import('./venue.js'),
  recovery: () => import('./recovery.js'),
  backup: () => import('./backup.js'),
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean' }, seconds: { type: 'string', default: '10' } },
});
const [name = '', ...others] = positionals;
const load = BENCHES[name];
const seconds = Number(values.seconds);
const names = Object.keys(BENCHES);
if (name === 'report' && seconds > 0 && others.every((other) => names.includes(other))) {
  report(names, others.length > 0 ? others : names, seconds);
  process.exit();
}
if (!load || !(seconds > 0)) {
  process.stderr.write(
    'usage: bench NAME [--json] [--seconds N]\n' +
      '       bench report [NAME ...] [--seconds N]   writes docs/performance.md\n' +
      `  NAME: ${names.join(', ')}\n`,
  );
  process.exit(2);
}
const figures = await (await load()).run({ seconds });
if (values.json) {
  const machine = `${cpus()[0]?.model ?? 'unknown'} x ${cpus().length}, Node ${process.version}`;
  process.stdout.write(`${JSON.stringify({ bench: name, machine, figures })}\n`);
} else {
  for (const figure of figures) {
    const baseline = figure.baseline === undefined ? '' : `   baseline ${figure.baseline}`;
    const line = `${figure.name.padEnd(36)} ${String(figure.value).padStart(14)} ${figure.unit}`;
    process.stdout.write(`${line}   ack ${figure.ack}${baseline}\n`);
  }
}
