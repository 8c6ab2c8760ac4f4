/** Wrong use of the command line: told as `CODE: text`, exit code 2, and nothing is made by it. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { UsageCode } from '../../src/cli/usage.js';
import { daybook } from '../api/daybook-process.js';

const root = mkdtempSync(join(tmpdir(), 'daybook-wrong-'));
const missing = join(root, 'missing');
const limits = join(root, 'limits.json');
writeFileSync(limits, '[{"limit":"MaxOpenOrders","scope":"Firm","value":1}]');
// Beside the argument that is wrong everything is right: a journal is there.
const data = join(root, 'data');
mkdirSync(join(data, 'journal', 'shard-0'), { recursive: true });

let told = '';
let printed = '';
beforeEach(() => {
  told = '';
  printed = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    told += text;
    return true;
  });
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += text;
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());
afterAll(() => rmSync(root, { recursive: true, force: true }));

const COMMANDS = {
  backup: () => import('../../src/cli/backup.js'),
  checkpoint: () => import('../../src/cli/checkpoint.js'),
  decode: () => import('../../src/cli/decode.js'),
  drill: () => import('../../src/cli/drill.js'),
  jobs: () => import('../../src/cli/jobs.js'),
  log: () => import('../../src/cli/log.js'),
  'market-data': () => import('../../src/cli/market-data.js'),
  privacy: () => import('../../src/cli/privacy.js'),
  rebuild: () => import('../../src/cli/rebuild.js'),
  replay: () => import('../../src/cli/replay.js'),
  report: () => import('../../src/cli/report.js'),
  restore: () => import('../../src/cli/restore.js'),
  snapshot: () => import('../../src/cli/snapshot.js'),
  trim: () => import('../../src/cli/trim.js'),
  'value-at-risk': () => import('../../src/cli/value-at-risk.js'),
  verify: () => import('../../src/cli/verify.js'),
};

async function refused(code: UsageCode, line: string): Promise<void> {
  const [name, ...args] = line.split(' ') as [keyof typeof COMMANDS, ...string[]];
  const { run } = await COMMANDS[name]();
  const exit = await run(args);
  expect([exit, printed]).toEqual([2, '']);
  expect(told).toMatch(
    new RegExp(`^daybook ${name}: ${code}: [^\n]+\nTry 'daybook ${name} --help'.\n$`),
  );
}

const at = (line: string) => `${line} --data-dir ${data}`;

describe('options that do not go together are refused', () => {
  it.each([
    at('replay --decide --chart a.svg'),
    at('replay --decide --csv a.csv'),
    at('replay --decide --at 3'),
    at('replay --decide --order 3'),
    at('replay --decide --account A'),
    at('replay --decide --index x'),
    at('replay --decide --format csv'),
    at(`replay --at 3 --limits ${limits}`),
    at('replay --at 3 --code x'),
    at('replay --at 3 --csv a.csv'),
    at('replay --at 3 --account A'),
    at('replay --at 3 --format csv'),
    at('replay --order 3 --chart a.svg'),
    at(`replay --order 3 --limits ${limits}`),
    at('replay --order 3 --json --format csv'),
    at('verify --prove 3 --from 1'),
    at('verify --prove 3 --to 1'),
    at('verify --prove 3 --no-states'),
    at('verify --prove 3 --against x'),
    at('verify --prove 3 --check x'),
    at('verify --check x'),
    at('verify --url esdb://localhost:1'),
    at('verify --against postgres --url esdb://localhost:1'),
    'verify --check x --from 1',
    'verify --check x --against postgres',
    'verify --check x --checkpoint y',
    at('verify --checkpoint x --public-key y'),
    at('checkpoint --key x --public-key y'),
    at('checkpoint --key x --no-journal'),
    at('checkpoint --key x --check y'),
    at('checkpoint --generate-key x'),
    at('checkpoint --check x --public-key y --no-journal'),
    'checkpoint --generate-key x --public-key y',
    at(`backup --to ${root}/b --every 3`),
    `restore --from ${root}/b --dump x --to y`,
    `restore --from ${root}/b --dump x --at 3`,
    at(`trim --backup ${root}/b --hold a=3 --release a`),
    at('jobs list --runs 3'),
    at('privacy erase S-1 --json'),
    at('privacy erase S-1 --index x'),
    at('rebuild --no-read-models'),
    at('rebuild --url esdb://localhost:1'),
    'rebuild --from eventstoredb --url esdb://localhost:1 orders',
  ])('%s', (line) => refused('OPTIONS_CONFLICT', line));
});

describe('what is wrong has a code', () => {
  it.each([
    ['OPTION_INVALID', 'verify --nope'],
    ['OPTION_INVALID', 'verify --from'],
    ['OPTION_INVALID', at('verify --from x')],
    ['OPTION_INVALID', at('log --type Invented')],
    ['OPTION_INVALID', at('replay --order 3 --format xml')],
    ['OPTION_INVALID', 'decode --nope'],
    ['OPTION_INVALID', 'snapshot more'],
    ['OPTION_INVALID', at(`trim --backup ${root}/b --hold A`)],
    ['OPTION_INVALID', at('verify --from 3 --to 2')],
    ['OPTION_INVALID', at('log --from 3 --to 2')],
    ['OPTION_MISSING', at('replay')],
    ['OPTION_MISSING', at('report rts24')],
    ['OPTION_MISSING', `restore --from ${root}/b`],
    ['OPTION_MISSING', at('backup')],
    ['OPTION_MISSING', 'decode'],
    ['OPTION_MISSING', at('checkpoint')],
    ['OPTION_MISSING', at('checkpoint --check x')],
    ['OPTION_INVALID', at(`report nothing --out ${root}/r`)],
    ['OPTION_INVALID', 'jobs run'],
    ['JOURNAL_MISSING', `verify --data-dir ${missing}`],
    ['JOURNAL_MISSING', `snapshot --data-dir ${missing}`],
    ['JOURNAL_MISSING', `replay --decide --data-dir ${missing}`],
    ['MOMENT_INVALID', at('replay --at noon')],
    ['MOMENT_INVALID', `restore --from ${root}/b --to ${root}/t --at noon`],
    ['FILE_UNREADABLE', `decode ${missing}`],
    ['FILE_UNREADABLE', `verify --check ${missing}`],
    ['FILE_UNREADABLE', at(`replay --decide --limits ${missing}`)],
    ['KEY_INVALID', `checkpoint --check ${limits} --public-key ${limits} --no-journal`],
  ] as const)('%s %s', (code, line) => refused(code, line));

  it.each([['nope'], ['verify', '--nope'], ['identity', 'nope'], ['demo', '--input', missing]])(
    '%s %s, as a process',
    async (...args) => {
      const { code, err } = await daybook(...args);
      expect([code, err]).toEqual([2, expect.stringMatching(/^daybook[ a-z]*: [A-Z_]+: [^\n]+\n/)]);
    },
    60_000,
  );
});

describe('of two names for one scope', () => {
  it.each([
    '{"limit":"MaxOpenOrders","scope":"Account","name":"A","scopeId":3,"value":1}',
    '{"limit":"MaxOpenOrders","scope":"Firm","name":"A","value":1}',
    '{"limit":"MaxOpenOrders","scope":"Firm","scopeId":3,"value":1}',
  ])('none is taken: %s', async (entry) => {
    const file = join(root, 'two.json');
    writeFileSync(file, `[${entry}]`);
    await refused('FILE_INVALID', at(`replay --decide --limits ${file}`));
  });
});

it.each(['jobs list', 'value-at-risk --reproduce 1', `market-data import ${limits}`])(
  '%s of a directory without data makes none',
  async (line) => {
    vi.stubEnv('DATABASE_URL', '').stubEnv('REDIS_URL', '');
    const code = line.startsWith('value') ? 'JOURNAL_MISSING' : 'DATABASE_MISSING';
    await refused(code, `${line} --data-dir ${missing}`);
    expect(existsSync(missing)).toBe(false);
    vi.unstubAllEnvs();
  },
);

it('no command has a way of its own to say what is wrong', () => {
  const folder = new URL('../../src/cli', import.meta.url).pathname;
  const own = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && name !== 'usage.ts')
    .filter((name) => readFileSync(join(folder, name), 'utf8').includes('stderr.write(`daybook'));
  expect(own).toEqual([]);
});
