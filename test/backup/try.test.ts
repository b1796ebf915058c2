import { test } from 'vitest';
import { createMatrix, tellBroken } from '../operation/crash-matrix.ts';
import { restoreCase } from '../restore/restore-case.ts';
import { backupCase } from './backup-case.ts';

test('x', async () => {
  for (const given of [backupCase, restoreCase]) {
    if (process.env.ONLY && given.declaration.kind !== process.env.ONLY) continue;
    const m = await createMatrix(given as never);
    for (const [name, family] of Object.entries(m.families)) {
      if (process.env.FAM && !name.includes(process.env.FAM)) continue;
      const t = performance.now();
      const r = await family();
      process.stdout.write(
        `== ${given.declaration.kind} ${name}: ${r.scenarios} ${r.failed.length} failed ${Math.round(performance.now() - t)} ms\n${tellBroken(r.failed)}\n`,
      );
    }
    m.dispose();
  }
}, 400000);
