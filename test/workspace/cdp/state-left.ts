import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** A guard looks twice a second whether it was disarmed, and takes its answer with it when it leaves. */
const GUARD_LEAVES_MS = 5_000;

/** What of our own state of the workspace is still there once its guards have left; their log may be. */
export async function stateLeft(root: string): Promise<string[]> {
  const folder = join(root, 'state', 'control-plane');
  const look = () => (existsSync(folder) ? readdirSync(folder).filter((name) => name !== 'guard.log') : []);
  for (const end = Date.now() + GUARD_LEAVES_MS; look().length > 0 && Date.now() < end; ) await pause(50);
  return look();
}
