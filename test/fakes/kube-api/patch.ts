import { Refused } from './store.ts';

type Tree = Record<string, unknown>;

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** RFC 7396. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isTree(patch)) return patch;
  const merged: Tree = isTree(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}

/** By what items of a list are told apart, for the lists that strategic merge and server-side apply merge. */
export function keyOfList(field: string, items: readonly unknown[]): string | undefined {
  const key =
    LIST_KEYS[field] ??
    (field === 'ports' && items.some((item) => isTree(item) && 'port' in item) ? 'port' : undefined);
  const wanted = key ?? (field === 'ports' ? 'containerPort' : undefined);
  return wanted !== undefined && items.every((item) => isTree(item) && wanted in item) ? wanted : undefined;
}

const LIST_KEYS: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  volumes: 'name',
  env: 'name',
  imagePullSecrets: 'name',
  secrets: 'name',
  volumeMounts: 'mountPath',
  volumeDevices: 'devicePath',
  ownerReferences: 'uid',
  conditions: 'type',
  hostAliases: 'ip',
};

export function strategicPatch(target: unknown, patch: unknown, field = ''): unknown {
  if (Array.isArray(patch)) return strategicList(Array.isArray(target) ? target : [], patch, field);
  if (!isTree(patch)) return patch;
  if (patch.$patch === 'replace') {
    const { $patch: _, ...rest } = patch;
    return rest;
  }
  const merged: Tree = isTree(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else if (!key.startsWith('$')) merged[key] = strategicPatch(merged[key], value, key);
  }
  return merged;
}

function strategicList(target: readonly unknown[], patch: readonly unknown[], field: string): unknown[] {
  if (field === 'finalizers') return [...new Set([...target, ...patch])];
  const key = keyOfList(field, patch);
  if (key === undefined) return [...patch];
  const merged = [...target];
  for (const item of patch) {
    const at = merged.findIndex((other) => isTree(other) && isTree(item) && other[key] === item[key]);
    if (isTree(item) && item.$patch === 'delete') {
      if (at >= 0) merged.splice(at, 1);
    } else if (at >= 0) merged[at] = strategicPatch(merged[at], item);
    else merged.push(strategicPatch({}, item));
  }
  return merged;
}

interface JsonStep {
  readonly op: 'add' | 'remove' | 'replace' | 'test' | 'copy' | 'move';
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

/** RFC 6902. */
export function jsonPatch(target: unknown, steps: readonly JsonStep[]): unknown {
  const root = structuredClone(target);
  for (const step of steps) {
    const { op, path, value } = step;
    if (op === 'test') {
      if (JSON.stringify(look(root, path)) !== JSON.stringify(value))
        throw unprocessable(`testing path ${path} failed`);
    } else if (op === 'remove') take(root, path);
    else if (op === 'move') put(root, path, take(root, step.from ?? ''), false);
    else if (op === 'copy') put(root, path, structuredClone(look(root, step.from ?? '')), false);
    else put(root, path, value, op === 'replace');
  }
  return root;
}

function wordsOf(path: string): string[] {
  return path
    .split('/')
    .slice(1)
    .map((word) => word.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function look(root: unknown, path: string): unknown {
  return wordsOf(path).reduce<unknown>((value, word) => (value as Tree | undefined)?.[word], root);
}

function parentOf(root: unknown, path: string): { parent: Tree | unknown[]; last: string } {
  const words = wordsOf(path);
  const last = words.pop() ?? '';
  const parent = words.reduce<unknown>((value, word) => (value as Tree | undefined)?.[word], root);
  if (typeof parent !== 'object' || parent === null) throw unprocessable(`doc is missing path: ${path}`);
  return { parent: parent as Tree | unknown[], last };
}

function put(root: unknown, path: string, value: unknown, mustStand: boolean): void {
  const { parent, last } = parentOf(root, path);
  if (mustStand && look(root, path) === undefined) throw unprocessable(`doc is missing key: ${path}`);
  if (!Array.isArray(parent)) parent[last] = value;
  else if (mustStand) parent[Number(last)] = value;
  else parent.splice(last === '-' ? parent.length : Number(last), 0, value);
}

function take(root: unknown, path: string): unknown {
  const value = look(root, path);
  if (value === undefined) throw unprocessable(`unable to remove nonexistent key: ${path}`);
  const { parent, last } = parentOf(root, path);
  if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else delete parent[last];
  return value;
}

function unprocessable(why: string): Refused {
  return new Refused(422, 'Invalid', `the server rejected our request due to an error in our request: ${why}`);
}
