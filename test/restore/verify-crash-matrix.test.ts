import { describeCrashMatrix } from '../operation/crash-matrix.ts';
import { damages } from '../operation/keep-scripts.ts';
import { failuresOfMending } from '../operation/scripts.ts';
import { verifyCase } from './verify-case.ts';

describeCrashMatrix('verification', verifyCase, {
  'when the copy, or what came back of it, is damaged': damages,
  'when what mends it fails as well': (effects) =>
    failuresOfMending(effects, /^(platform\.(makeScratch|runCheck)|mover\.restore)/, ['platform.release']),
});
