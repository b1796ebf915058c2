import { describeCrashMatrix } from '../operation/crash-matrix.ts';
import { pins } from '../operation/keep-scripts.ts';
import { DOOMED } from './delete-case.ts';
import { checkCase, pruneCase, retentionCase } from './keep-cases.ts';

describeCrashMatrix('retention', retentionCase, {
  'when someone pins the backup, and the process dies': (effects) => pins(effects, DOOMED),
});
describeCrashMatrix('prune', pruneCase, {});
describeCrashMatrix('check', checkCase, {});
