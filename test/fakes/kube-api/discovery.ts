import type { Served } from './kinds-served.ts';

/** Answers of `/api`, `/apis` and below; undefined for anything else. */
export function discover(path: string, kinds: readonly Served[]): unknown {
  const words = path.split('/').filter(Boolean);
  if (path === '/version') return { major: '1', minor: '34', gitVersion: 'v1.34.1+double', platform: 'linux/amd64' };
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'] };
  if (path === '/apis') return { kind: 'APIGroupList', apiVersion: 'v1', groups: groupsOf(kinds) };
  if (words[0] === 'apis' && words.length === 2) {
    const group = groupsOf(kinds).find(({ name }) => name === words[1]);
    return group && { kind: 'APIGroup', apiVersion: 'v1', ...group };
  }
  const groupVersion = words[0] === 'api' && words.length === 2 ? words[1] : words.slice(1).join('/');
  const resources = kinds.filter(({ kind }) => kind.apiVersion === groupVersion).flatMap(resourcesOf);
  if (resources.length === 0) return undefined;
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
}

function groupsOf(kinds: readonly Served[]) {
  const versions = new Set(kinds.map(({ kind }) => kind.apiVersion).filter((version) => version.includes('/')));
  return [...versions].map((groupVersion) => {
    const [name = '', version = ''] = groupVersion.split('/');
    const one = { groupVersion, version };
    return { name, versions: [one], preferredVersion: one };
  });
}

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

function resourcesOf({ kind: { kind, plural, namespaced }, subresources }: Served) {
  const singularName = kind.toLowerCase();
  return [
    { name: plural, singularName, namespaced, kind, verbs: VERBS },
    ...subresources.map((name) => ({
      ...{ name: `${plural}/${name}`, singularName: '', namespaced },
      kind: name === 'scale' ? 'Scale' : name === 'eviction' ? 'Eviction' : kind,
      verbs: name === 'eviction' ? ['create'] : name === 'log' ? ['get'] : ['get', 'patch', 'update'],
    })),
  ];
}
