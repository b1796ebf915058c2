import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyDefinition } from '../../../src/workspace/kubernetes/apply-definition.ts';
import { captureDefinition } from '../../../src/workspace/kubernetes/capture-definition.ts';
import type { KubeContext } from '../../../src/workspace/kubernetes/context.ts';
import { type DefinedObject, type Definition, definition } from '../../../src/workspace/kubernetes/definition.ts';
import * as kinds from '../../../src/workspace/kubernetes/kinds.ts';
import type { DefinitionFile } from '../../../src/workspace/platform.ts';
import { createLiveScene, type LiveScene } from './live-scene.ts';

/** The live workspace with configuration, secrets and addresses. */
export interface DefinitionScene extends LiveScene {
  /** Of temporary files. */
  readonly folder: string;
  capture(context?: KubeContext): Promise<DefinitionFile & { readonly definition: Definition }>;
  /** Applies it with some of its objects changed. */
  apply(
    from: Definition,
    change?: (objects: DefinedObject[]) => void,
    context?: KubeContext,
    options?: { readonly fromBackup?: boolean },
  ): Promise<void>;
}

export async function createDefinitionScene(): Promise<DefinitionScene> {
  const live = await createLiveScene();
  const folder = await mkdtemp(join(tmpdir(), 'definition-'));
  live.put(kinds.CONFIG_MAP, 'cdsw-config', { data: { DOMAIN: 'ml.example.com', MODE: 'usual' } });
  live.put(kinds.CONFIG_MAP, 'kube-root-ca.crt', { data: { 'ca.crt': 'of the cluster' } });
  live.put(kinds.SECRET, 'cml-tls-secret', { type: 'kubernetes.io/tls', data: { 'tls.key': 'c2VjcmV0' } });
  live.put(kinds.SECRET, 'default-token', { type: 'kubernetes.io/service-account-token', data: { token: 'dG9rZW4=' } });
  live.put(kinds.SECRET, 'default-dockercfg', {
    ...{ type: 'kubernetes.io/dockercfg', data: { '.dockercfg': 'e30=' } },
    metadata: { annotations: { 'kubernetes.io/service-account.name': 'default' } },
  });
  live.put(kinds.ADDRESS, 'web', {
    spec: {
      ...{ type: 'NodePort', selector: { app: 'web' }, clusterIP: '10.43.0.7', clusterIPs: ['10.43.0.7'] },
      ports: [{ name: 'http', port: 80, targetPort: 3000, protocol: 'TCP', nodePort: 30_080 }],
    },
  });
  live.put(kinds.ADDRESS, 'db', { spec: { clusterIP: 'None', selector: { app: 'db' }, ports: [{ port: 5432 }] } });
  return {
    ...live,
    folder,
    async capture(context = live.context) {
      const file = await captureDefinition(context, join(folder, 'captured'));
      return { ...file, definition: definition.parse(JSON.parse(await readFile(file.path, 'utf8'))) };
    },
    async apply(from, change = () => undefined, context = live.context, options = {}) {
      const changed = structuredClone(from);
      change(changed.objects);
      const path = join(folder, 'applied.json');
      await writeFile(path, JSON.stringify(changed));
      await applyDefinition(context, path, options);
    },
    async dispose() {
      await live.dispose();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export function named(objects: readonly DefinedObject[], kind: string, name: string): DefinedObject {
  const found = objects.find((one) => one.kind === kind && one.metadata.name === name);
  if (!found) throw new Error(`no ${kind} ${name} in the definition`);
  return found;
}

// biome-ignore lint/suspicious/noExplicitAny: objects of a definition are of any kind.
export type Loose = any;
