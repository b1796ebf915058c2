import { mkdtempSync } from 'node:fs';
import { test } from 'vitest';
import { play } from '../operation/play.ts';
import { findBroken } from '../operation/invariants.ts';
import { backupCase } from './backup-case.ts';
import { restoreCase } from '../restore/restore-case.ts';
test('x', async () => {
  for (const given of [backupCase, restoreCase]) {
    const folder = mkdtempSync('/tmp/matrix-');
    const p = await play(given as never, { name: 'plain', lives: [] }, folder);
    const { world: before } = await given.make(folder);
    process.stdout.write(p.lives.map((l) => l.end + ' ' + l.effects.length + '\n' + l.effects.map(e=>e.name).join('\n')).join('\n') + '\n' + JSON.stringify(findBroken(p, before)) + JSON.stringify(p.world.said.map(s=>s.message.text)) + '\n');
    const t = performance.now();
    for (let i = 0; i < 100; i++) await play(given as never, { name: 'plain', lives: [] }, folder);
    process.stdout.write(`${(performance.now() - t) / 100} ms each\n`);
  }
});
