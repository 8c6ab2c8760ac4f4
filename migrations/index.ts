import { ProjectorFrame1790000000000 } from './1790000000000-projector-frame.js';
import { ReadModels1790000000001 } from './1790000000001-read-models.js';
import { MarketData1790000000100 } from './1790000000100-market-data.js';
import { ValueAtRisk1790000000101 } from './1790000000101-value-at-risk.js';
import { Pnl1790000000200 } from './1790000000200-pnl.js';

/**
 * All migrations, oldest first. A released one is never edited: its effect is in databases already.
 * They are listed, not found by a pattern, so that a bundle and a test load the same ones.
 */
export const migrations = [
  ProjectorFrame1790000000000,
  ReadModels1790000000001,
  MarketData1790000000100,
  ValueAtRisk1790000000101,
  Pnl1790000000200,
] as const;
