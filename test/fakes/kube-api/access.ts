import type { V1PolicyRule } from '@kubernetes/client-node';
import type { ApiRequest } from './requests.ts';
import { Refused } from './store.ts';

/** `*`, or absent, is anything. */
export interface Denial {
  readonly verb?: string;
  readonly group?: string;
  /** With a subresource: `deployments/scale`. */
  readonly resource?: string;
  readonly namespace?: string;
}

interface Attributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

export interface GrantedRule {
  /** Absent: in all of them, and for what stands in none. */
  readonly namespace?: string;
  readonly rule: V1PolicyRule;
}

/** Who may do what. Everything is allowed at first. */
export interface Access {
  /** Takes one permission away, until the function that it answers is called. */
  deny(denial: Denial): () => void;
  /** From now on only what these rules allow. */
  allowOnly(rules: readonly GrantedRule[]): void;
  /** The same for somebody else, whom reviews ask about or who comes with a token; others may do everything. */
  allowOtherOnly(user: string, rules: readonly GrantedRule[]): void;
  allowAll(): void;
  /** @throws Refused 403 */
  check(request: ApiRequest): void;
  /** @throws Refused 403 */
  demand(attributes: Partial<Attributes>): void;
  allowsOther(user: string, attributes: Partial<Attributes>): boolean;
  allows(attributes: Partial<Attributes>, caller?: string): boolean;
  rules(namespace: string): V1PolicyRule[];
  /** A token of an account: who comes with it is that account. */
  issue(account: string): string;
  /** What was issued so far, by account. */
  issued(account: string): number;
  /** Whose token it is. */
  userOf(caller: string): string;
}

export const USER = 'system:serviceaccount:cml-backup:cml-backup';

export function createAccess(): Access {
  const denials = new Set<Denial>();
  let granted: readonly GrantedRule[] | undefined;
  const grantedToOthers = new Map<string, readonly GrantedRule[]>();
  const tokens = new Map<string, string>();
  const access: Access = {
    issue(account) {
      const token = `token-${tokens.size + 1}`;
      tokens.set(token, account);
      return token;
    },
    issued: (account) => [...tokens.values()].filter((one) => one === account).length,
    userOf: (caller) => userName(tokens.get(caller)),
    deny(denial) {
      denials.add(denial);
      return () => void denials.delete(denial);
    },
    allowOnly(rules) {
      granted = rules;
    },
    allowOtherOnly: (user, rules) => void grantedToOthers.set(user, rules),
    allowsOther(user, given) {
      const asked = { ...NOTHING, ...given };
      return grantedToOthers.get(user)?.some((rule) => isGranted(rule, asked)) ?? true;
    },
    demand(given) {
      if (!access.allows(given)) throw forbidden({ ...NOTHING, ...given }, USER);
    },
    allowAll() {
      granted = undefined;
      grantedToOthers.clear();
      denials.clear();
    },
    allows(given, caller = '') {
      const asked = { ...NOTHING, ...given };
      if ([...denials].some((denial) => isDenied(denial, asked))) return false;
      const rules = tokens.has(caller) ? grantedToOthers.get(access.userOf(caller)) : granted;
      return rules?.some((rule) => isGranted(rule, asked)) ?? true;
    },
    check(request) {
      const asked = attributesOf(request);
      if (!access.allows(asked, request.caller)) throw forbidden(asked, access.userOf(request.caller));
    },
    rules: (namespace) =>
      granted
        ?.filter((entry) => entry.namespace === undefined || entry.namespace === namespace)
        .map(({ rule }) => rule) ?? [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
  };
  return access;
}

const NOTHING: Attributes = { verb: '', group: '', resource: '', subresource: '', namespace: '', name: '' };

/** What a request needs. */
export function attributesOf({ verb, served: { kind }, namespace, name, subresource }: ApiRequest): Attributes {
  const [group = '', version] = kind.apiVersion.split('/');
  return {
    verb: verb === 'apply' ? 'patch' : verb,
    group: version === undefined ? '' : group,
    resource: kind.plural,
    subresource: subresource ?? '',
    // A namespace is named by itself.
    namespace: namespace ?? (kind.kind === 'Namespace' ? (name ?? '') : ''),
    name: name ?? '',
  };
}

type Right = { readonly [key in 'verb' | 'group' | 'resource' | 'subresource']?: string | undefined };

/** `<verb> <group>/<resource>[/<subresource>]` */
export function rightOf({ verb, group, resource, subresource }: Right): string {
  return `${verb} ${group}/${resource}${subresource ? `/${subresource}` : ''}`;
}

function isDenied({ verb, group, resource, namespace }: Denial, asked: Attributes): boolean {
  const fits = (wanted: string | undefined, is: string) => wanted === undefined || wanted === '*' || wanted === is;
  return (
    fits(verb, asked.verb) &&
    fits(group, asked.group) &&
    fits(resource, nameOf(asked)) &&
    fits(namespace, asked.namespace)
  );
}

function isGranted({ namespace, rule }: GrantedRule, asked: Attributes): boolean {
  const has = (list: readonly string[] | undefined, is: string) =>
    list?.some((word) => word === '*' || word === is) ?? false;
  if (namespace !== undefined && namespace !== asked.namespace) return false;
  const isNamed = rule.resourceNames === undefined || rule.resourceNames.includes(asked.name);
  return (
    has(rule.verbs, asked.verb) && has(rule.apiGroups, asked.group) && has(rule.resources, nameOf(asked)) && isNamed
  );
}

function nameOf({ resource, subresource }: Attributes): string {
  return subresource === '' ? resource : `${resource}/${subresource}`;
}

function userName(account: string | undefined): string {
  return account === undefined ? USER : `system:serviceaccount:${account.replace('/', ':')}`;
}

function forbidden(asked: Attributes, user: string): Refused {
  const { verb, group, resource, namespace, name } = asked;
  const title = `${resource}${group === '' ? '' : `.${group}`}${name === '' ? '' : ` "${name}"`}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const what = `cannot ${verb} resource "${nameOf(asked)}" in API group "${group}" ${where}`;
  return new Refused(403, 'Forbidden', `${title} is forbidden: User "${user}" ${what}`);
}
