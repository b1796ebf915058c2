import { join } from 'node:path';
import { NODE } from '../../../src/workspace/kubernetes/kinds.ts';
import { createJobRunner } from '../../../src/workspace/kubernetes/run-job.ts';
import { describeRunProgram } from '../../contracts/run-program.ts';
import { createJobScene, near } from './job-scene.ts';

describeRunProgram('a cluster', async () => {
  const scene = await createJobScene();
  // With one node the storage does not keep two programs of one volume apart: we have to.
  scene.double.store.remove(NODE, 'node-2');
  const { path, directory } = await scene.place('scratch', 'notes');
  const run = createJobRunner(scene.context);
  return {
    run,
    folder: scene.folder,
    common: { graceMs: 3_000, ...near(path) },
    outside: (name) => join(directory, name),
    inside: (name) => join(path, name),
    async live(program) {
      const { context, die } = scene.life();
      createJobRunner(context)(program, { folder: scene.folder }).catch(() => {});
      return { die: async () => die() };
    },
    dispose: scene.dispose,
  };
});
