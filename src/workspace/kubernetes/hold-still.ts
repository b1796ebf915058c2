import type { KubernetesObject } from '@kubernetes/client-node';
import { z } from 'zod';
import { OperationError } from '../../errors.ts';
import { isRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import { type Kind, SCALED_OBJECT } from './kinds.ts';
import type { HeldObject } from './ledger.ts';
import { NOTES } from './names.ts';

/** On an object that we hold still: by which operation, and what stood where we wrote. */
const heldNote = z.object({ operationId: z.string(), before: z.unknown() });

interface Held extends KubernetesObject {
  spec?: { suspend?: boolean; syncPolicy?: { automated?: unknown } | null };
}

/** How one kind of object is told to do nothing, and what it is told again afterwards. */
interface Way {
  readonly isHeld: (object: Held) => boolean;
  readonly read: (object: Held) => unknown;
  readonly hold: object;
  readonly giveBack: (before: unknown) => object;
}

/** Source: KEDA, "Pause autoscaling" (keda.sh/docs, concepts/scaling-deployments). */
const KEDA_PAUSED = 'autoscaling.keda.sh/paused';

const kedaWay: Way = {
  isHeld: ({ metadata }) => metadata?.annotations?.[KEDA_PAUSED] === 'true',
  read: ({ metadata }) => metadata?.annotations?.[KEDA_PAUSED] ?? null,
  hold: { metadata: { annotations: { [KEDA_PAUSED]: 'true' } } },
  giveBack: (before) => ({ metadata: { annotations: { [KEDA_PAUSED]: before } } }),
};

/** Flux: a suspended object is not reconciled. Source: fluxcd.io, Kustomization and HelmRelease, `spec.suspend`. */
const fluxWay: Way = {
  isHeld: ({ spec }) => spec?.suspend === true,
  read: ({ spec }) => spec?.suspend ?? null,
  hold: { spec: { suspend: true } },
  giveBack: (before) => ({ spec: { suspend: before } }),
};

/** Argo CD heals by itself only while `automated` stands. Source: argo-cd.readthedocs.io, "Automated Sync Policy". */
const argoWay: Way = {
  isHeld: ({ spec }) => spec?.syncPolicy?.automated === undefined || spec.syncPolicy.automated === null,
  read: ({ spec }) => spec?.syncPolicy?.automated ?? null,
  hold: { spec: { syncPolicy: { automated: null } } },
  giveBack: (before) => (before === null ? {} : { spec: { syncPolicy: { automated: before } } }),
};

const WAYS: Readonly<Record<string, Way>> = {
  ScaledObject: kedaWay,
  Kustomization: fluxWay,
  HelmRelease: fluxWay,
  Application: argoWay,
};

export function canHold(kind: string): boolean {
  return WAYS[kind] !== undefined;
}

/** Each is written once, what stood there and our word in one write; one that is held already by itself is left alone. */
export async function holdStill(
  { cluster }: KubeContext,
  operationId: string,
  objects: readonly HeldObject[],
): Promise<void> {
  for (const held of objects) {
    const { kind, way } = wayOf(held);
    const object = await cluster.read(kind, held.name, held.namespace);
    if (object === undefined || way.isHeld(object)) continue;
    const note = JSON.stringify({ operationId, before: way.read(object) });
    const version = { metadata: { resourceVersion: object.metadata?.resourceVersion } };
    const patch = merged(merged(version, way.hold), { metadata: { annotations: { [NOTES.ran]: note } } });
    await cluster.patch(kind, held.name, held.namespace, patch);
  }
}

/** Whoever changed them meanwhile is not overwritten: only what still carries our note is given back. */
export async function giveBackHeld(context: KubeContext, objects: readonly HeldObject[]): Promise<void> {
  for (const held of await everyHeld(context, objects)) {
    const { kind, way } = wayOf(held);
    const object = await context.cluster.read(kind, held.name, held.namespace);
    const text = object?.metadata?.annotations?.[NOTES.ran];
    if (object === undefined || text === undefined) continue;
    const { before } = heldNote.parse(JSON.parse(text));
    const clear = { metadata: { annotations: { [NOTES.ran]: null } } };
    const patch = way.isHeld(object) ? merged(clear, way.giveBack(before)) : clear;
    await context.cluster.patch(kind, held.name, held.namespace, patch);
  }
}

/** As it stands while nobody holds it still. */
export function asNotHeld(object: Held): KubernetesObject {
  const way = WAYS[object.kind ?? ''];
  const text = object.metadata?.annotations?.[NOTES.ran];
  if (!way || text === undefined) return object;
  return patched(object, way.giveBack(heldNote.parse(JSON.parse(text)).before));
}

/** Another wish for an object that is held still: it stays held, and is given back what the wish says. */
export function asHeld<T extends KubernetesObject>(wanted: T, standing: KubernetesObject | undefined): T {
  const way = WAYS[wanted.kind ?? ''];
  const text = standing?.metadata?.annotations?.[NOTES.ran];
  if (!way || text === undefined) return wanted;
  const note = JSON.stringify({ ...heldNote.parse(JSON.parse(text)), before: way.read(wanted as Held) });
  return patched(wanted, merged(way.hold, { metadata: { annotations: { [NOTES.ran]: note } } }));
}

/** The named ones, and autoscalers of our own namespace: those are found even when every record is gone. */
async function everyHeld(
  { cluster, namespace, log }: KubeContext,
  objects: readonly HeldObject[],
): Promise<readonly HeldObject[]> {
  const all = new Map(objects.map((held) => [`${held.kind}/${held.namespace}/${held.name}`, held]));
  try {
    if (await cluster.serves(SCALED_OBJECT))
      for (const object of await cluster.list(SCALED_OBJECT, { namespace })) {
        const held = heldObjectOf(SCALED_OBJECT, object);
        all.set(`${held.kind}/${held.namespace}/${held.name}`, held);
      }
  } catch (cause) {
    if (!isRefusal(cause, 'Forbidden')) throw cause;
    log.info('we may not list the autoscalers of the workspace');
  }
  return [...all.values()];
}

export function heldObjectOf({ apiVersion, kind, plural }: Kind, { metadata }: KubernetesObject): HeldObject {
  return { apiVersion, kind, plural, namespace: metadata?.namespace ?? '', name: metadata?.name ?? '' };
}

function wayOf({ apiVersion, kind, plural, name }: HeldObject): { readonly kind: Kind<Held>; readonly way: Way } {
  const way = WAYS[kind];
  if (way) return { kind: { apiVersion, kind, plural, namespaced: true }, way };
  throw new OperationError('preflight-failed', `${kind} ${name} starts services by itself and cannot be held still.`, {
    hint: 'suspend it by hand, then try again',
  });
}

/** Objects into each other, all the way down. */
function merged(one: object, other: object): object {
  const result: Record<string, unknown> = { ...one };
  for (const [key, value] of Object.entries(other)) {
    const standing = result[key];
    result[key] = isPlain(standing) && isPlain(value) ? merged(standing, value) : value;
  }
  return result;
}

/** As the server would do it: null removes. */
function patched<T extends object>(one: T, patch: object): T {
  const entries = Object.entries(patch).map(([key, value]): [string, unknown] => {
    const standing = (one as Record<string, unknown>)[key];
    return [key, isPlain(value) ? patched(isPlain(standing) ? standing : {}, value) : value];
  });
  const whole = { ...one, ...Object.fromEntries(entries) };
  return Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== null)) as T;
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
