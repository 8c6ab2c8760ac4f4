/** Which processors the bench's own process may use. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Every thread of it may run anywhere again: a shard that spins keeps them off its own for good. */
export function onAnyProcessor(): void {
  const all = readFileSync('/sys/devices/system/cpu/online', 'utf8').trim();
  const args = ['--all-tasks', '--cpu-list', '--pid', all, String(process.pid)];
  execFileSync('taskset', args, { stdio: 'ignore' });
}
