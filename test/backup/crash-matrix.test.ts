import { describeCrashMatrix } from '../operation/crash-matrix.ts';
import { failuresOfMending } from '../operation/scripts.ts';
import { backupCase } from './backup-case.ts';

const MENDING = ['platform.start', 'platform.disarm', 'platform.release', 'mover.list list-made', 'mover.forget'];

describeCrashMatrix('backup', backupCase, {
  'when what mends it fails as well': (effects) =>
    failuresOfMending(effects, /^platform\.(arm|stop|prove|snapshot)|delta$/, MENDING),
});
