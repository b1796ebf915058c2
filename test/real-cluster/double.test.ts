import { afterAll, describe, expect } from 'vitest';
import { NAMESPACE, VOLUME } from '../../src/workspace/kubernetes/kinds.ts';
import { restic } from '../e2e/bench.ts';
import { createKubeLab, type KubeLab } from '../fakes/kube-api/lab.ts';
import { makeOpenshiftCeph } from '../fakes/kube-api/layouts/openshift-ceph.ts';
import { tellStory } from './story.ts';

// What is told to a real cluster is told to the double too: else it would be code that nobody has ever run.
describe('on the double of a cluster', () => {
  let lab: KubeLab;
  let stood: string[];

  const standing = () => [...lab.store.list(NAMESPACE), ...lab.store.list(VOLUME)].map(({ metadata }) => metadata.name);

  // The story clears up after itself first: what is registered first comes last.
  afterAll(async () => {
    const left = standing().filter((name) => !stood.includes(name));
    await lab.dispose();
    expect(left).toEqual([]);
  });

  tellStory(async () => {
    lab = await createKubeLab();
    lab.world.imagePaths.push(process.cwd(), restic);
    await makeOpenshiftCeph(lab, { small: true });
    stood = standing();
    return {
      kubeconfig: lab.kubeconfig,
      sharedClass: 'ocs-storagecluster-cephfs',
      ...{ image: 'cml-backup:1', toolsImage: 'busybox:1' },
    };
  });
});
