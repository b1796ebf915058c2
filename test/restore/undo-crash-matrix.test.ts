import { describeCrashMatrix } from '../operation/crash-matrix.ts';
import { failuresOfMending } from '../operation/scripts.ts';
import { undoCase } from './undo-case.ts';

const MENDING = ['platform.stop', 'platform.revert', 'platform.applyDefinition', 'platform.start', 'platform.release'];

describeCrashMatrix('undo', undoCase, {
  'when what mends it fails as well': (effects) =>
    failuresOfMending(effects, /^platform\.(commit|apply|start)/, MENDING),
});
