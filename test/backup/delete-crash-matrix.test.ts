import { describeCrashMatrix } from '../operation/crash-matrix.ts';
import { pins } from '../operation/keep-scripts.ts';
import { DOOMED, deleteCase } from './delete-case.ts';

describeCrashMatrix('deletion', deleteCase, {
  'when someone pins the backup, and the process dies': (effects) => pins(effects, DOOMED),
});
