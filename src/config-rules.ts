import type { ConfigOutline, WorkspaceOutline } from './config-outline.ts';
import type { Problem } from './config-words.ts';
import type { ConfigPath } from './config-yaml.ts';
import { localFolderOf } from './mover/restic/settings.ts';
import { suggest } from './nearest.ts';
import { isGroup } from './records/person.ts';

/** What no single setting can say: names, people and votes that have to fit together. */
export function checkRules(config: ConfigOutline): Problem[] {
  const workspaces = Object.entries(config.workspaces);
  const known = Object.keys(config.people);
  return [
    ...checkPeople(config),
    ...checkRepositories(config),
    ...checkReach(config),
    ...workspaces.flatMap(([name, workspace]) => [
      ...checkNames(['workspaces', name, 'platform'], workspace.platform),
      ...checkPolicy(['workspaces', name, 'policy'], workspace.policy, known),
      ...checkRetention(['workspaces', name, 'schedules'], workspace),
    ]),
  ];
}

type Proof = { readonly path: ConfigPath; readonly shown: string; readonly value: string };

function checkPeople({ people, trustBarePeople, web: { oidc } }: ConfigOutline): Problem[] {
  const owners = new Map<string, string>();
  return Object.entries(people).flatMap(([name, person]): Problem[] => {
    const proofs = proofsOf(person);
    // What an issuer knows somebody by is a proof where that issuer is asked.
    const isAsked = { oidc: oidc !== undefined, email: oidc?.matchByEmail === true };
    const some = proofs.some(({ path: [key] }) => (key === 'oidc' || key === 'email' ? isAsked[key] : true));
    if (!some && !trustBarePeople) {
      const text =
        'needs a uid, a token or a Slack account, or what an issuer knows them by: nobody could prove to be this person';
      return [{ path: ['people', name], text }];
    }
    return proofs.flatMap(({ path, shown, value }) => {
      const owner = owners.get(value);
      owners.set(value, owner ?? name);
      const text = `the ${shown} is also ${owner}'s: two people must be told apart`;
      return owner === undefined ? [] : [{ path: ['people', name, ...path], text }];
    });
  });
}

function proofsOf({ uid, token, tokens, slack, oidc, email }: ConfigOutline['people'][string]): Proof[] {
  const hashes = Object.entries(tokens).map(([key, { hash }]) => ({ path: ['tokens', key, 'hash'], value: hash }));
  const shown = { shown: 'token' };
  return [
    ...(uid === undefined ? [] : [{ path: ['uid'], shown: `uid ${uid}`, value: `uid:${uid}` }]),
    ...(token === undefined ? [] : [{ path: ['token'], ...shown, value: token }]),
    ...hashes.flatMap((hash) => (hash.value === '' ? [] : [{ ...hash, ...shown }])),
    ...(slack === undefined ? [] : [{ path: ['slack'], shown: `Slack account ${slack}`, value: `slack:${slack}` }]),
    ...(oidc === undefined ? [] : [{ path: ['oidc'], shown: `subject ${oidc}`, value: `oidc:${oidc}` }]),
    ...(email === undefined ? [] : [{ path: ['email'], shown: 'address', value: `email:${email.toLowerCase()}` }]),
  ];
}

/** Dropping copies needs a repository alone: one workspace must never wait for another while its services are down. */
function checkRepositories({ workspaces }: ConfigOutline): Problem[] {
  const owners = new Map<string, string>();
  return Object.entries(workspaces).flatMap(([name, { repository }]): Problem[] => {
    const location = repository.location.replace(/\/+$/, '');
    const owner = owners.get(location);
    owners.set(location, owner ?? name);
    if (owner === undefined || location === '') return [];
    const text = `is also the repository of ${owner}: each workspace needs one of its own`;
    return [{ path: ['workspaces', name, 'repository', 'location'], text }];
  });
}

/** Movers run on whatever node has the data, and see nothing of the machine or pod that the server runs on. */
function checkReach({ workspaces }: ConfigOutline): Problem[] {
  return Object.entries(workspaces).flatMap(([name, { platform, repository }]): Problem[] => {
    const folder = repository.location === '' ? undefined : localFolderOf(repository.location);
    if (platform.kind !== 'kubernetes' || folder === undefined) return [];
    const text = `${folder} is a folder on this machine, which pods of a cluster cannot reach: write s3:, rest:, sftp: or the like`;
    return [{ path: ['workspaces', name, 'repository', 'location'], text }];
  });
}

function checkNames(at: ConfigPath, { services, volumes, sharedFolders }: WorkspaceOutline['platform']): Problem[] {
  const namesIn = (key: string, list: readonly { name: string }[]) =>
    list.map(({ name }, index) => ({ name, path: [...at, key, index, 'name'] }));
  const parts = [...namesIn('volumes', volumes), ...namesIn('sharedFolders', sharedFolders)];
  return [...repeated(parts, 'part'), ...repeated(namesIn('services', services), 'service')];
}

function repeated(entries: readonly { name: string; path: ConfigPath }[], kind: string): Problem[] {
  const seen = new Set<string>();
  return entries.flatMap(({ name, path }) => {
    if (name === '' || !seen.has(name)) {
      seen.add(name);
      return [];
    }
    return [{ path, text: `there is already a ${kind} named "${name}" in this workspace` }];
  });
}

function checkPolicy(at: ConfigPath, policy: WorkspaceOutline['policy'], known: readonly string[]): Problem[] {
  const strangers = (['approvers', 'breakGlass', 'operators', 'files'] as const).flatMap((key) =>
    policy[key].flatMap((name, index): Problem[] => {
      if (name === '' || known.includes(name) || (key === 'approvers' && isGroup(name))) return [];
      const hint = suggest(name, known, 'Add them under people.');
      return [{ path: [...at, key, index], text: `"${name}" is not one of the people. ${hint}` }];
    }),
  );
  const approvers = new Set(policy.approvers).size;
  const text = `asks for ${policy.votes} approvals where only ${approvers} may approve: no restore could ever be approved`;
  const isHopeless = approvers > 0 && !policy.approvers.some(isGroup) && policy.votes > approvers;
  return [...strangers, ...(isHopeless ? [{ path: [...at, 'votes'], text }] : [])];
}

/** Without rules everything is kept: who schedules it believes that something is removed. */
function checkRetention(at: ConfigPath, { schedules, retention }: WorkspaceOutline): Problem[] {
  if (retention !== undefined) return [];
  const idle = Object.entries(schedules).filter(([, { does }]) => does === 'retention');
  const text =
    'does retention, and the workspace has no rules: name them under retention, such as { daily: 14, weekly: 8 }';
  return idle.map(([name]) => ({ path: [...at, name, 'does'], text }));
}
