import { beforeAll } from 'vitest';
import { describePlatform } from '../../contracts/platform.ts';
import { describePlatformSwaps } from '../../contracts/platform-swaps.ts';
import { makeEcsLonghorn } from '../../fakes/kube-api/layouts/ecs-longhorn.ts';
import { makeExternalNfs } from '../../fakes/kube-api/layouts/external-nfs.ts';
import { makeOpenshiftCeph } from '../../fakes/kube-api/layouts/openshift-ceph.ts';
import { assertGuardIsBuilt, createContractWorld } from './contract-world.ts';

const WITHIN = 'single paths of a part are not swapped on claims';
const SKIP = {
  'swaps a folder and a single file of a part alone, and puts them back': WITHIN,
  'is not confused by services that write and remove at a path that was swapped': WITHIN,
  'brings in a path that was not there before, and takes it away again': WITHIN,
  'swaps two paths of one part and a whole part beside, and keeps all that it displaced': WITHIN,
  'undoes a restore of paths, of one that was not there before too, and undoes that': WITHIN,
};

beforeAll(assertGuardIsBuilt);

const LAYOUTS = [
  ['ECS with Longhorn', makeEcsLonghorn],
  ['OpenShift with Ceph', makeOpenshiftCeph],
  ['external NFS', makeExternalNfs],
] as const;

for (const [name, make] of LAYOUTS)
  describePlatform(`the Kubernetes platform on ${name}`, () => createContractWorld(make));

describePlatformSwaps('the Kubernetes platform', () => createContractWorld(makeEcsLonghorn), { skip: SKIP });
