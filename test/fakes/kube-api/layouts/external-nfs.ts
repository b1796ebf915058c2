import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { VOLUME } from '../../../../src/workspace/kubernetes/kinds.ts';
import type { KubeLab } from '../lab.ts';
import { build, type Ground } from './build.ts';
import { putIngress } from './definition.ts';
import { LONGHORN, type LonghornOptions, putLonghorn } from './ecs-longhorn.ts';
import { type Layout, WORKSPACE } from './layout.ts';
import { put, putClaim } from './objects.ts';

export const FILER = 'nas.corp.example.com';
/** The folder that the filer exports; the workspace has one below it, and siblings may be mounted too. */
export const EXPORT = '/exports/ml';

export interface ExternalNfsOptions extends LonghornOptions {
  /** The filer exports the workspace's folder alone: nothing beside it can be mounted. */
  readonly siblingsHidden?: boolean;
}

/** Block volumes by Longhorn; the project files lie on a filer outside of the cluster. */
export function makeExternalNfs(lab: KubeLab, options: ExternalNfsOptions = {}): Promise<Layout> {
  putLonghorn(lab, options.beforeVersion15);
  const folder = join(filerFolder(lab), WORKSPACE);
  mkdirSync(folder, { recursive: true });
  if (options.siblingsHidden) lab.storage.exports.set(`${FILER}:${EXPORT}/${WORKSPACE}`, () => folder);
  else lab.storage.exports.set(`${FILER}:${EXPORT}`, () => filerFolder(lab));
  return build(lab, ground, options);
}

/** What stands behind the export, siblings included. */
export function filerFolder({ world }: KubeLab): string {
  return join(world.folder, 'filer', 'exports', 'ml');
}

const ground: Ground = {
  name: 'external-nfs',
  nodes: ['ecs-worker-1', 'ecs-worker-2', 'ecs-worker-3'],
  ...{ blockClass: 'longhorn', blockDriver: LONGHORN },
  putProjects(lab) {
    const capacity = { storage: '1Ti' };
    const volumeName = `projects-share-${WORKSPACE}`;
    put(lab, VOLUME, {
      metadata: { name: volumeName },
      spec: {
        ...{ capacity, accessModes: ['ReadWriteMany'], persistentVolumeReclaimPolicy: 'Retain' },
        ...{ mountOptions: ['nfsvers=4.1'], nfs: { server: FILER, path: `${EXPORT}/${WORKSPACE}` } },
        claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: WORKSPACE, name: 'projects-pvc' },
      },
    });
    putClaim(lab, 'projects-pvc', 'projects', {
      ...{ accessModes: ['ReadWriteMany'], storageClassName: '', volumeName, resources: { requests: capacity } },
    });
  },
  projects: { location: 'external' },
  projectSource: () => ({ nfs: { server: FILER, path: `${EXPORT}/${WORKSPACE}/projects/0/1` } }),
  putAddress: putIngress,
};
