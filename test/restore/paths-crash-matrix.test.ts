import type { RestorePlan } from '../../src/records/plan.ts';
import { describeCrashMatrix } from '../operation/crash-matrix.ts';
import { failuresOfMending } from '../operation/scripts.ts';
import { restoreCase } from './restore-case.ts';

const MENDING = ['platform.stop', 'platform.revert', 'platform.start'];

/** Every file that tells the age of the data, each as a path of its own: all come back, or none. */
const pathsCase: typeof restoreCase = {
  ...restoreCase,
  async make(folder) {
    const { world, operation } = await restoreCase.make(folder);
    const whole = operation.input as unknown as RestorePlan; // as the case made it
    const parts = whole.parts.flatMap((part) =>
      ['first', 'last'].map((within) => {
        const bytes = `then ${within} ${part.name}`.length;
        return { ...part, within, is: 'file' as const, files: 1, directories: 0, bytes };
      }),
    );
    const input = JSON.parse(JSON.stringify({ ...whole, scope: 'paths', parts }));
    return { world, operation: { ...operation, input } };
  },
};

describeCrashMatrix('restore of single paths', pathsCase, {
  'when what mends it fails as well': (effects) => failuresOfMending(effects, /^platform\.(commit|start)/, MENDING),
});
