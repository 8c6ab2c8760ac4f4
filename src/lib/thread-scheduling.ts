/**
 * Who goes first when there are more threads than processors, told to Linux for the calling thread.
 *
 * The kernel lets whoever runs finish a slice, 1 to 4 ms: many commits. A low `nice` changes how much a
 * thread gets, hardly when. Measured on 2 processors with 2 busy threads beside one that wakes every
 * 0.4 ms, how late that runs (us, Linux 6.18; 75 of them are the timer's):
 *
 *     the busy threads      p50   p99   p99.9     with `runPromptly`:  p99   p99.9
 *     as started             67  1423    3986                          122     765
 *     nice 19                71   196    3848                          101     708
 *     `runInBackground`      67    90     220                           86     650
 */
import { readdirSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { nativeAddon } from './native-addon.js';

/** The shortest slice there is, us. */
const SLICE_US = 100;
/** As the kernel has it. */
const CALLING = 0;

/**
 * For threads that work behind the writer's back: snapshots, readers served elsewhere. The
 * calling thread runs when no other of its session wants the processor (SCHED_IDLE). On a machine that
 * never has time for it, it gets next to nothing, and what it feeds falls behind.
 */
export function runInBackground(): void {
  yieldThread(CALLING);
}

/**
 * The same for every thread of this process, those of V8 that collect and compile as well. Whatever
 * it starts later inherits it.
 */
export function runProcessInBackground(): void {
  if (process.platform !== 'linux') return;
  for (const id of readdirSync('/proc/self/task')) yieldThread(Number(id));
}

function yieldThread(id: number): void {
  if (nativeAddon()?.idleThread(id) === true) return;
  // On Linux this is the priority of one thread alone.
  if (process.platform === 'linux') setPriority(id, constants.priority.PRIORITY_LOW);
}

/** For the writer's thread: when it wakes it runs, whoever else is in the middle of a slice. */
export function runPromptly(): void {
  nativeAddon()?.promptThread(SLICE_US);
}
