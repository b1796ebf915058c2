import { test } from 'vitest';
import { play } from '../operation/play.ts';
import { cancels, deathsAfter } from '../operation/scripts.ts';
import { backupCase } from './backup-case.ts';
test('x', async () => {
  const f = '/dev/shm/try2';
  const plain = await play(backupCase as never, { name: '', lives: [] }, f);
  const [c] = cancels(plain.lives[0]!.effects).filter((t) => t.name.startsWith('cancelled before 15 '));
  const r = await play(backupCase as never, c!, f);
  const ds = deathsAfter(c!, r.lives[0]!.effects);
  const d = ds[0]!;
  process.stdout.write(d.name + '\n');
  const p = await play(backupCase as never, d, f);
  process.stdout.write(p.lives.map((l) => `${l.end} ${l.bug}\n` + l.effects.map((e, i) => `${i + 1} ${e.name}`).join('\n')).join('\n') + '\n');
  process.stdout.write(JSON.stringify(p.operation.journal, null, 0) + JSON.stringify(p.world.warned));
});
