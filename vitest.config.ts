import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take a minute and more, longest first: begun last, one of them would keep one core waiting. */
const LONG = [
  'test/order-model/order-model.test.ts',
  'test/faults/every-backup-operation.test.ts',
  'test/eventstoredb/command-line.test.ts',
  'test/backup/command-line.test.ts',
  'test/faults/every-operation.test.ts',
  'test/projections/read-side.test.ts',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONG.findIndex((path) => moduleId.endsWith(path));
      return at === -1 ? LONG.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

const TIMEOUT_MS = { testTimeout: 60_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    // Two cores: more workers only make timings of the process tests erratic.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          ...{ name: 'unit', include: ['src/**/*.test.ts'], ...TIMEOUT_MS },
          // A process for each of them costs more than what they test.
          isolate: false,
        },
      },
      { test: { name: 'suites', include: ['test/**/*.test.ts'], ...TIMEOUT_MS } },
    ],
  },
});
