import { expect, test } from 'vitest';
import { settingsForAll } from '../../../src/schedule/settings.ts';
import { createSlackWorld } from './slack-world.ts';

/** What is typed, and what the answer has to say. */
const LINES: readonly (readonly [line: string, says: RegExp])[] = [
  ['schedule', /2 schedules/],
  ['schedule list team-ml', /2 schedules/],
  ['schedule show team-ml nightly', /team-ml\/nightly: backup, at 02:00/],
  ['schedule skip team-ml nightly', /leaves out its next time/],
  ['schedule pause team-ml --reason "quarter end"', /team-ml\/proof is paused/],
  ['schedule resume team-ml proof', /Nothing is caught up/],
  ['schedule run team-ml nightly', /team-ml\/nightly has begun now as op_/],
  ['schedule suggest team-ml', /./],
  ['schedule show', /Name the workspace/],
  ['schedule pause team-ml weekly', /no schedule "weekly"/],
];

test('every word of schedule is said and answered in Slack', { timeout: 60_000 }, async () => {
  const world = await createSlackWorld({});
  try {
    const ofIt = (name: string, does: 'backup' | 'verify', when: string) => ({
      ...{ id: `team-ml/${name}`, name, workspace: 'team-ml', does },
      settings: settingsForAll(does, { when, zone: 'Europe/Berlin' }),
    });
    world.door.setUpkeep({
      schedules: [ofIt('nightly', 'backup', 'nightly at 02:00'), ofIt('proof', 'verify', 'sundays at 04:00')],
    });
    let count = 0;
    for (const [line, says] of LINES) {
      const { error, ackMs } = await world.slack.type('UBOB', 'CML', `/cml ${line}`);
      expect({ line, error }).toEqual({ line, error: undefined });
      expect(ackMs).toBeLessThan(3_000);
      count += 1;
      expect(await world.told('UBOB', count), line).toMatch(says);
    }
    const done = (await world.door.catalog.audit.list(20)).map(({ did }) => did).filter((did) => /^schedule/.test(did));
    expect(new Set(done)).toEqual(new Set(['schedule skipped', 'schedule paused', 'schedule resumed', 'schedule run']));
    expect(world.bugs).toEqual([]);
  } finally {
    await world.dispose();
  }
});
