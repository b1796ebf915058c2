import { describeCrashMatrix } from '../operation/crash-matrix.ts';
import { failuresOfMending } from '../operation/scripts.ts';
import { inPlaceCase } from './in-place-case.ts';

const MENDING = [
  'platform.stop',
  'platform.beginInPlace',
  'mover.begin put-back-db',
  'platform.applyDefinition',
  'platform.endInPlace',
  'platform.start',
  'platform.release',
];

describeCrashMatrix('restore in place', inPlaceCase, {
  'when what mends it fails as well': (effects) =>
    failuresOfMending(effects, /^(platform\.(beginIn|apply|endIn|start)|mover\.goes on write)/, MENDING),
});
