/** Schemas of what queries are cut by: times and strategies. */
import { z } from 'zod';
import { parseIsoNs } from '../../../lib/time.js';

const isTime = (text: string): boolean => {
  try {
    parseIsoNs(text);
    return true;
  } catch {
    return false;
  }
};

export const instant = (description: string) =>
  z
    .string()
    .max(40)
    .refine(isTime, 'not a time such as 2026-11-22T14:50:00Z')
    .meta({ description, examples: ['2026-11-22T14:50:00Z'] })
    .optional();

export const strategy = z
  .string()
  .regex(/^[0-9]{1,10}$/, 'not a number')
  .transform(Number)
  .refine((number) => number >= 1 && number <= 0xffff_ffff, '1 to 4294967295')
  .meta({ description: 'Only orders tagged with it, and their executions', examples: ['7'] })
  .optional();
