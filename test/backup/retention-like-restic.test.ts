import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Candidate, planRetention } from '../../src/backup/retention.ts';
import { retentionRules } from '../../src/records/retention.ts';
import { makeBackup } from '../fakes/records.ts';
import { quickenRepository } from '../faults/quick-repository.ts';
import { candidates } from '../mover/restic-world.ts';

/** How many sets of rules are compared; more with RETENTION_RULES=200. */
const RUNS = Number(process.env.RETENTION_RULES ?? 12);
const HOUR = 3_600_000;
const PASSWORD = 'correct horse';
/** Local times as restic reads them, where no clock shows the same hour twice. */
const ZONE = 'Europe/Berlin';

/** Cuts of some years: many close together, and fewer the longer ago. Every gap is another one. */
const CUTS = Array.from({ length: 30 }, (_, nth) => {
  const hoursAgo = 1 + nth * 5 + Math.floor(1.39 ** nth);
  return new Date(Math.floor((Date.now() - hoursAgo * HOUR) / 1_000) * 1_000);
});

let base: string;
const restic = async (args: readonly string[]) => {
  // Without a cache: several at once on a new one read its version while another writes it, and fail.
  const { stdout } = await execa(candidates.at(-1) ?? 'restic', ['--no-cache', ...args], {
    env: { RESTIC_REPOSITORY: join(base, 'repository'), RESTIC_PASSWORD: PASSWORD, TZ: ZONE },
  });
  return stdout;
};

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'cml-retention-'));
  await restic(['init']);
  await quickenRepository(join(base, 'repository'), PASSWORD);
  await writeFile(join(base, 'file'), 'one');
  const local = new Intl.DateTimeFormat('sv-SE', { timeZone: ZONE, dateStyle: 'short', timeStyle: 'medium' });
  const copy = (cut: Date) =>
    restic(['backup', '--host', 'w', '--time', local.format(cut), '--no-scan', join(base, 'file')]);
  for (let from = 0; from < CUTS.length; from += 6) await Promise.all(CUTS.slice(from, from + 6).map(copy));
}, 60_000);

afterAll(() => rm(base, { recursive: true, force: true }));

const some = fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined });
const anyRules = fc
  .record({ ...{ last: some, hourly: some, daily: some, weekly: some, monthly: some, yearly: some }, hours: some })
  .filter((rules) => Object.values(rules).some((rule) => rule !== undefined));

test('the rules keep what `restic forget` keeps of the same times', { timeout: 60_000 }, async () => {
  const backups: Candidate[] = CUTS.map((cut) => makeBackup({ takenAt: cut.toISOString() }));
  await fc.assert(
    fc.asyncProperty(anyRules, async ({ hours, ...rules }) => {
      const within = hours === undefined ? undefined : hours ** 3 * HOUR;
      const options = Object.entries(rules).flatMap(([name, count]) =>
        count === undefined ? [] : [`--keep-${name}`, String(count)],
      );
      if (hours !== undefined) options.push('--keep-within', `${hours ** 3}h`);
      const [group] = JSON.parse(await restic(['forget', '--dry-run', '--json', ...options])) as [
        { keep: { time: string }[] },
      ];
      const read = retentionRules.parse({ ...rules, within, zone: ZONE });
      const facts = { rules: read, backups, held: new Map(), graceMs: 0, now: new Date() };
      const kept = planRetention(facts).kept.filter(({ because }) =>
        because.some((why) => !why.startsWith('the last')),
      );
      const times = (list: readonly (string | undefined)[]) => list.map((at) => Date.parse(at ?? '')).sort();
      expect(times(kept.map(({ takenAt }) => takenAt))).toEqual(times(group.keep.map(({ time }) => time)));
    }),
    { numRuns: RUNS },
  );
});
