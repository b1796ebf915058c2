import type { Access } from './access.ts';
import { track } from './apply.ts';
import { Refused, type Stored } from './store.ts';

interface Asked {
  readonly spec?: {
    readonly resourceAttributes?: Parameters<Access['allows']>[0];
    readonly namespace?: string;
    readonly user?: string;
  };
}

const REVIEWS: Readonly<Record<string, string>> = {
  subjectaccessreviews: 'SubjectAccessReview',
  selfsubjectaccessreviews: 'SelfSubjectAccessReview',
  selfsubjectrulesreviews: 'SelfSubjectRulesReview',
  selfsubjectreviews: 'SelfSubjectReview',
};

/** Who am I and what may I do: answered, never kept. @throws Refused 404 for any other address */
export function review(
  access: Access,
  path: string,
  text: string,
  { manager, now, caller }: { readonly manager: string; readonly now: () => Date; readonly caller: string },
): unknown {
  const { spec, ...asked } = JSON.parse(text || '{}') as Asked;
  const [, group, version, kind = ''] = path.split('/').filter(Boolean);
  const what = { apiVersion: `${group}/${version}`, kind: REVIEWS[kind] };
  const object = { ...what, ...asked, spec, metadata: {} } as unknown as Stored;
  track(undefined, object, manager, now().toISOString());
  if (kind === 'subjectaccessreviews') {
    // Anybody may ask about themselves; about others only who has the right.
    access.demand({ verb: 'create', group: group ?? '', resource: kind });
    return { ...object, status: { allowed: access.allowsOther(spec?.user ?? '', spec?.resourceAttributes ?? {}) } };
  }
  if (kind === 'selfsubjectaccessreviews') {
    return { ...object, status: { allowed: access.allows(spec?.resourceAttributes ?? {}, caller) } };
  }
  if (kind === 'selfsubjectrulesreviews') {
    const resourceRules = access.rules(spec?.namespace ?? '');
    return { ...object, status: { incomplete: false, nonResourceRules: [], resourceRules } };
  }
  if (kind === 'selfsubjectreviews') return { ...object, status: { userInfo: { username: access.userOf(caller) } } };
  throw new Refused(404, 'NotFound', 'the server could not find the requested resource');
}

/** Who writes, when a request does not say so: as the real one takes it from the program's name. */
export function managerOf(userAgent: string): string {
  return userAgent.split('/')[0] || 'unknown';
}
