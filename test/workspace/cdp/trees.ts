import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DataMover } from '../../../src/mover/mover.ts';
import type { WorkspacePlatform } from '../../../src/workspace/platform.ts';
import { createMatrixMover, type TreeRepository } from '../kubernetes/matrix-mover.ts';

/** A repository that is a directory for each copy: no other is as quick. It outlives every life. */
export function makeTrees(root: string) {
  const folder = join(root, 'trees');
  mkdirSync(folder, { recursive: true });
  const repository: TreeRepository = { folder, copies: [], made: 0 };
  const moverOf = ({ run, prepare }: WorkspacePlatform): DataMover =>
    // A layout says where the places of a cluster are; here every path is one of this machine.
    createMatrixMover({ layout: undefined as never, repository, run, prepare });
  return { repository, moverOf };
}
