/** Large pages under the writer's memory: its tables are random access, a small page for each is a miss. */
import type { NativeAddon } from '../lib/native-addon.js';

/** Smaller memory gains nothing: a large page has 2 MiB. */
const BYTES_MIN = 4 * 1024 * 1024;
/** How deep tables may hold tables. */
const DEPTH_MAX = 4;

/**
 * @param populate take the memory from the machine now, all of it, so that no order waits for a page
 * @returns bytes that the kernel has granted
 */
export function useHugePages(
  addon: NativeAddon,
  roots: readonly object[],
  populate: boolean,
): number {
  const seen = new Set<object>();
  let granted = 0;
  const visit = (value: unknown, depth: number): void => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return;
    seen.add(value);
    if (ArrayBuffer.isView(value)) {
      const { buffer } = value;
      if (buffer.byteLength < BYTES_MIN || seen.has(buffer)) return;
      seen.add(buffer);
      const bytes = new Uint8Array(buffer);
      if (addon.useHugePages(bytes, populate ? 1 : 0)) granted += bytes.length;
    } else if (depth < DEPTH_MAX) {
      // A state has its tables on a prototype of its own (lib/fixed-fields.ts).
      for (const name in value) visit(value[name as keyof typeof value], depth + 1);
    }
  };
  for (const root of roots) visit(root, 0);
  return granted;
}
