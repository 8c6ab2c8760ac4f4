// A reporter of vitest that writes down each file as it ends, so that a run that is cut off still counts
// for what it did. One line of JSON each:
//   { planned: [file, ...] }                        first
//   { file, passed, failed: [test, ...], skipped: [test, ...], broken }   broken: an error outside its tests
//   { errors }                                      last: errors outside every file
import { appendFileSync } from 'node:fs';

export default class TestJournal {
  #write(line) {
    appendFileSync(process.env.DAYBOOK_TEST_JOURNAL, `${JSON.stringify(line)}\n`);
  }

  onTestRunStart(specifications) {
    this.#write({ planned: specifications.map(({ moduleId }) => moduleId) });
  }

  onTestModuleEnd(module) {
    const tests = [...module.children.allTests()];
    const named = (state) => tests.filter((t) => t.result().state === state).map((t) => t.fullName);
    const failed = named('failed');
    const broken = failed.length === 0 && module.state() === 'failed';
    const passed = named('passed').length;
    this.#write({ file: module.moduleId, passed, failed, skipped: named('skipped'), broken });
  }

  onTestRunEnd(_modules, errors) {
    this.#write({ errors: errors.length });
  }
}
