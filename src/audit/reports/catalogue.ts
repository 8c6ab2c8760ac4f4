/** The reports that there are. */
import { bestExecution } from './best-execution.js';
import { cat } from './cat.js';
import { killSwitch, limitChanges } from './control-events.js';
import type { Report } from './report.js';
import { riskRefusals } from './risk-refusals.js';
import { rts24 } from './rts24.js';

export const reports: readonly Report[] = [
  ...[rts24, cat, bestExecution, riskRefusals, limitChanges, killSwitch],
];

export const reportNamed = (name: string): Report | undefined =>
  reports.find((report) => report.name === name);
