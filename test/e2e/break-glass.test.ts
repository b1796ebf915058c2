import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Bench, makeBench } from './bench.ts';

// Far beyond what it takes: how long something lasts is not judged here.
vi.setConfig({ testTimeout: 120_000 });

const REASON = 'the lab starts at six and nobody answers';

let bench: Bench;
beforeAll(async () => {
  bench = await makeBench({ policy: { breakGlass: ['alice'] } });
  await bench.say(['start', 'team-ml']);
});
afterAll(() => bench?.dispose());

test('one person restores alone in an emergency, and it is seen everywhere', async () => {
  expect((await bench.say(['backup', 'team-ml'])).exitCode).toBe(0);
  const asked = await bench.sayJson(['restore', 'team-ml', '--confirm', 'team-ml']);
  const id: string = asked.answer.request.id;
  const own = await bench.sayJson(['approve', id]);
  expect(own).toMatchObject({ exitCode: 3, answer: { error: { code: 'own-approval' } } });
  const hasty = await bench.sayJson(['approve', id, '--break-glass', '--reason', 'now']);
  expect(hasty).toMatchObject({ exitCode: 2, answer: { error: { code: 'bad-input' } } });
  const alone = await bench.sayJson(['approve', id, '--break-glass', '--reason', REASON, '--wait']);
  expect(alone).toMatchObject({ exitCode: 0, answer: { restore: { status: 'succeeded' } } });

  const messages = (await readFile(bench.at('cml-data', 'messages.log'), 'utf8')).split('\n');
  const said = `GLASS BROKEN by alice, who approved it alone: "${REASON}"`;
  expect(messages.filter((line) => line.includes(' URGENT '))).toEqual([expect.stringContaining(said)]);
  expect(messages.findLast((line) => line.includes('restored from'))).toContain(
    'GLASS BROKEN: alice approved it alone',
  );
  expect((await bench.say(['status', id])).stdout.replaceAll(/\s+/g, ' ')).toContain(said);
  expect((await bench.sayJson(['status', id])).answer.request.votes).toMatchObject([{ breakGlass: true }]);
  const audit = await readFile(bench.at('cml-data', 'audit.jsonl'), 'utf8');
  expect(audit).toContain('"broke the glass"');
  expect((await bench.sayJson(['check', 'team-ml'])).stdout).toContain('break-glass');
});
