import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { V1PodTemplateSpec } from '@kubernetes/client-node';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { FoundPart } from '../../src/workspace/kubernetes/found.ts';
import * as permissions from '../../src/workspace/kubernetes/permissions.ts';
import { createKubeDouble } from '../fakes/kube-api/double.ts';
import { contextOf, NAMESPACE } from '../workspace/kubernetes/scene.ts';
import { DEPLOY, deployedFrom, grantedTo, kustomizationIn } from './deployed.ts';

const BACKUP = 'cml-backup/cml-backup';
const RESTORE = 'cml-backup/cml-restore';
const folders = readdirSync(DEPLOY, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('kustomization.yaml'))
  .map((path) => relative(DEPLOY, dirname(join(DEPLOY, path))));

/** What preflight says to an account with the roles of these folders. */
async function missingFor(account: string, given: readonly string[], settings: object = {}) {
  const double = await createKubeDouble({ namespaces: [NAMESPACE] });
  onTestFinished(() => double.dispose());
  double.access.allowOnly(grantedTo(account, deployedFrom(given, NAMESPACE)));
  const base = contextOf(double.cluster());
  const context = { ...base, settings: { ...base.settings, ...settings } };
  const snapped = { capture: 'snapshot' } as FoundPart;
  const shared = { capture: 'two-pass', nfs: { server: 'filer', path: '/export' } } as FoundPart;
  return {
    backup: () => permissions.findMissingForBackup(context),
    snapshots: () => permissions.findMissingForParts(context, [snapped]),
    shares: () => permissions.findMissingForParts(context, [shared]),
    restore: () => permissions.findMissingForRestore(context),
  };
}

/** What operators of this cluster keep, which no role can know beforehand. */
const ADDED = [/^We may not list routes, .*: if any stand there, the definition lacks them\.$/];
const NONE = { needed: [], useful: [] };

describe('what is deployed', () => {
  it.each(folders)('names only files that are there, and all that are there: %s', (folder) => {
    const { resources = [], components = [] } = kustomizationIn(folder);
    const named = [...resources, ...components];
    expect(named.filter((name) => !existsSync(join(DEPLOY, folder, name)))).toEqual([]);
    const there = readdirSync(join(DEPLOY, folder)).filter(
      (name) => name.endsWith('.yaml') && name !== 'kustomization.yaml',
    );
    expect(there.filter((name) => !named.includes(name))).toEqual([]);
  });

  it('grants no wildcard and names no role of a cluster administrator', () => {
    const objects = deployedFrom(folders);
    const words = objects.flatMap(({ rules = [] }) =>
      rules.flatMap(({ verbs, apiGroups = [], resources = [] }) => [...verbs, ...apiGroups, ...resources]),
    );
    expect(words.length).toBeGreaterThan(100);
    expect(words.filter((word) => /\*|^(escalate|bind|impersonate|deletecollection)$/.test(word))).toEqual([]);
    expect(objects.filter(({ roleRef }) => roleRef && !roleRef.name.startsWith('cml-'))).toEqual([]);
  });

  it('lets nobody remove any volume until a restore or a share is set up', () => {
    const usual = deployedFrom(['base', 'workspace']);
    for (const account of [BACKUP, 'cml-backup/cml-restore', 'my-workspace/cml-movers'])
      for (const { rule } of grantedTo(account, usual))
        expect(rule.resources?.includes('persistentvolumes') && rule.verbs.includes('delete')).toBe(false);
  });
});

it('the server holds the Lease that its role names, in its own namespace', () => {
  const objects = deployedFrom(['base']);
  const server = objects.find(({ kind }) => kind === 'Deployment') as { spec?: { template: V1PodTemplateSpec } };
  const env = server.spec?.template.spec?.containers[0]?.env ?? [];
  const [namespace, name] = env.find((one) => one.name === 'CML_LEASE')?.value?.split('/') ?? [];
  const rules = grantedTo(BACKUP, objects).filter(({ rule }) => rule.resources?.includes('leases'));
  expect(rules).toEqual([
    { namespace, rule: expect.objectContaining({ verbs: ['create'] }) },
    { namespace, rule: expect.objectContaining({ resourceNames: [name], verbs: ['get', 'update', 'patch'] }) },
  ]);
});

describe('the roles', () => {
  it('suffice for a backup, as preflight asks', async () => {
    const missing = await missingFor(BACKUP, ['base', 'workspace']);
    const said = [/get nodes\/proxy/, /list applications everywhere/, ...ADDED].map((said) =>
      expect.stringMatching(said),
    );
    expect(await missing.backup()).toEqual({ needed: [], useful: said });
    expect(await missing.snapshots()).toEqual(NONE);
    expect((await missing.shares()).needed).toHaveLength(1);
    expect((await missing.restore()).needed).not.toEqual([]);
  });

  it("suffice for statistics, shares and ending people's workloads with the component of each", async () => {
    const components = ['statistics', 'shares', 'end-workloads'].map((name) => `components/${name}`);
    const missing = await missingFor(BACKUP, ['base', 'workspace', ...components], { workloads: 'stop' });
    const said = [/list applications everywhere/, ...ADDED].map((said) => expect.stringMatching(said));
    expect(await missing.backup()).toEqual({ needed: [], useful: said });
    expect(await missing.shares()).toEqual(NONE);
  });

  it('suffice for a restore while one may run, of the account that does it and of no other', async () => {
    const given = ['base', 'workspace', 'restore'];
    expect(await (await missingFor(RESTORE, given)).restore()).toEqual(NONE);
    expect((await (await missingFor(BACKUP, given)).restore()).needed).not.toEqual([]);
  });

  it('let the service have tokens of the account that restores, and of no other', () => {
    const rules = grantedTo(BACKUP, deployedFrom(folders.filter((folder) => !folder.startsWith('overlays')))).filter(
      ({ rule }) => rule.resources?.includes('serviceaccounts/token'),
    );
    expect(rules).toEqual([
      { namespace: 'cml-backup', rule: expect.objectContaining({ resourceNames: ['cml-restore'], verbs: ['create'] }) },
    ]);
  });

  it('never let the service itself remove a volume, except one that shows a share', () => {
    const all = folders.filter((folder) => !/shares|overlays/.test(folder));
    for (const { rule } of grantedTo(BACKUP, deployedFrom(all)))
      expect(rule.resources?.includes('persistentvolumes') && rule.verbs.includes('delete')).toBe(false);
  });
});
