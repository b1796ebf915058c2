import { existsSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';

/**
 * A client of the workspace, not a part of it: it keeps inserting rows and writes down, durably and outside of the
 * workspace, every key whose commit was answered, with the moment the answer came (`<key> <ISO time>`). While the
 * database is down it asks again with the same key. Keys never come twice, also after a restore.
 */
const databaseUrl = process.env.DATABASE_URL ?? '';
const notes = process.env.ACKNOWLEDGED ?? '';
const PAUSE_MS = 40;

let stopping = false;
process.once('SIGTERM', () => {
  stopping = true;
});

const file = await open(notes, 'a', 0o600);
for (let number = nextNumber(); !stopping; number++) {
  const key = `row-${String(number).padStart(6, '0')}`;
  while (!stopping && !(await insert(key))) await wait(200);
  if (stopping) break; // an answer that is not written down counts as none
  await file.write(`${key} ${new Date().toISOString()}\n`);
  await file.datasync();
  await wait(PAUSE_MS);
}
await file.close();

async function insert(key: string): Promise<boolean> {
  try {
    const answer = await fetch(`${databaseUrl}/rows`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify({ key, note: `written at ${new Date().toISOString()}` }),
      signal: AbortSignal.timeout(5_000),
    });
    await answer.body?.cancel();
    return answer.status === 201;
  } catch {
    return false; // down for a cut or a restore: that is what this program is here to live through
  }
}

function nextNumber(): number {
  if (!existsSync(notes)) return 1;
  const last = readFileSync(notes, 'utf8').trimEnd().split('\n').at(-1) ?? '';
  return Number(/^row-(\d+) /.exec(last)?.[1] ?? 0) + 1;
}
