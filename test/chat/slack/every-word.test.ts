import { expect, test } from 'vitest';
import { slackWords } from '../../../src/main-slack-words.ts';
import { createSlackWorld } from './slack-world.ts';

/** What each word is given; `BKP` stands for a backup that is there. */
const LINES: Readonly<Record<string, string>> = {
  backup: 'backup team-ml --dry-run',
  restore: 'restore BKP --confirm team-ml --reason lost',
  list: 'list',
  files: 'files BKP',
  status: 'status team-ml',
  schedule: 'schedule list team-ml',
  cancel: 'cancel op_0000000000',
  postpone: 'postpone team-ml 10m',
  approve: 'approve req_0000000000',
  deny: 'deny req_0000000000 --reason late',
  check: 'check team-ml',
  delete: 'delete BKP --confirm team-ml --reason old',
  pin: 'pin BKP --reason quarter',
  unpin: 'unpin BKP',
  verify: 'verify bkp_0000000000',
  undo: 'undo op_0000000000 --confirm team-ml --reason no',
  start: 'start team-ml',
  help: 'help backup',
};

test.each(['socket', 'http'] as const)('every word is said and answered over %s', { timeout: 60_000 }, async (mode) => {
  const world = await createSlackWorld({ settings: { mode } });
  try {
    expect(Object.keys(LINES).sort()).toEqual(slackWords.map(({ word }) => word).sort());
    const backup = await world.door.backUp();
    let count = 0;
    for (const line of Object.values(LINES)) {
      const { error, ackMs } = await world.slack.type('UBOB', 'CML', `/cml ${line.replace('BKP', backup)}`);
      expect({ line, error }).toEqual({ line, error: undefined });
      expect(ackMs).toBeLessThan(3_000);
      count += 1;
      expect(await world.told('UBOB', count), line).not.toBe('');
    }
    expect(world.bugs).toEqual([]);
  } finally {
    await world.dispose();
  }
});
