import { describe, expect, it } from 'vitest';
import type { VolumeSnapshotClass } from '../../../src/workspace/kubernetes/kinds.ts';
import { usableClassOf } from '../../../src/workspace/kubernetes/snapshot-class.ts';

const RBD = 'rbd.csi.ceph.com';
const LONGHORN = 'driver.longhorn.io';

function snapshotClass(
  name: string,
  driver: string,
  options: { isDefault?: boolean; type?: string } = {},
): VolumeSnapshotClass {
  const annotations = options.isDefault ? { 'snapshot.storage.kubernetes.io/is-default-class': 'true' } : {};
  return {
    metadata: { name, annotations },
    ...{ driver, deletionPolicy: 'Delete' },
    ...(options.type === undefined ? {} : { parameters: { type: options.type } }),
  };
}

function nameOf(found: ReturnType<typeof usableClassOf>): string | undefined {
  return 'usable' in found ? found.usable.metadata?.name : undefined;
}

describe('the class of a snapshot', () => {
  it('is the configured one, though another is the default', () => {
    const classes = [snapshotClass('one', RBD), snapshotClass('two', RBD, { isDefault: true })];
    expect(nameOf(usableClassOf(RBD, classes, { snapshotClasses: { [RBD]: 'one' } }))).toBe('one');
  });

  it('is the default one of its driver, else the only one', () => {
    const others = snapshotClass('cephfs', 'cephfs.csi.ceph.com', { isDefault: true });
    const only = snapshotClass('one', RBD);
    const byDefault = snapshotClass('two', RBD, { isDefault: true });
    expect(nameOf(usableClassOf(RBD, [others, only], { snapshotClasses: {} }))).toBe('one');
    expect(nameOf(usableClassOf(RBD, [others, only, byDefault], { snapshotClasses: {} }))).toBe('two');
  });

  it.each([
    [
      'two defaults',
      [snapshotClass('one', RBD, { isDefault: true }), snapshotClass('two', RBD, { isDefault: true })],
      {},
    ],
    ['several and no default', [snapshotClass('one', RBD), snapshotClass('two', RBD)], {}],
    ["another driver's", [snapshotClass('one', LONGHORN, { type: 'snap' })], { [RBD]: 'one' }],
    ['one that is not there', [], { [RBD]: 'one' }],
  ])('is none, and wrong, with %s', (_case, classes, snapshotClasses) => {
    expect(usableClassOf(RBD, classes, { snapshotClasses })).toMatchObject({ isWrong: true });
  });

  it('is none, and nothing is wrong, when the driver has none', () => {
    expect(usableClassOf(RBD, [], { snapshotClasses: {} })).toMatchObject({ isWrong: false });
  });

  it('stays in the cluster on Longhorn: no type and type bak are copies to a backup target', () => {
    const chosen = (type?: string) =>
      usableClassOf(LONGHORN, [snapshotClass('lh', LONGHORN, type === undefined ? {} : { type })], {
        snapshotClasses: {},
      });
    expect(nameOf(chosen('snap'))).toBe('lh');
    expect(chosen()).toMatchObject({ isWrong: true });
    expect(chosen('')).toMatchObject({ isWrong: true });
    expect(chosen('bak')).toMatchObject({ isWrong: true });
  });
});
