import type { KubernetesObject } from '@kubernetes/client-node';
import type { KubeContext } from './context.ts';
import type { FoundPart } from './found.ts';
import type { Kind } from './kinds.ts';
import { unlessForbidden } from './unless-forbidden.ts';

export const LONGHORN = 'driver.longhorn.io';

interface LonghornSetting extends KubernetesObject {
  readonly value?: string;
}

/** Source: longhorn-manager types/setting.go, `current-longhorn-version`. */
const SETTING: Kind<LonghornSetting> = {
  ...{ apiVersion: 'longhorn.io/v1beta2', kind: 'Setting', plural: 'settings', namespaced: true },
};
const VERSION = 'current-longhorn-version';
const NAMESPACE = 'longhorn-system';

/**
 * Why Longhorn's volumes have to be in use while a snapshot of them is taken: from 1.5 on it attaches them itself
 * (reference/cloudera.md 4.6; longhorn#3726). One that hides its version is taken for an old one, which does no harm.
 */
export async function whyHeldAttached(
  { cluster }: KubeContext,
  parts: readonly Pick<FoundPart, 'driver'>[],
): Promise<string | undefined> {
  if (!parts.some(({ driver }) => driver === LONGHORN) || !(await cluster.serves(SETTING))) return undefined;
  const setting = await unlessForbidden(cluster.read(SETTING, VERSION, NAMESPACE));
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(setting?.value ?? '') ?? [];
  if (major === undefined || minor === undefined) return 'its version cannot be told';
  return Number(major) > 1 || Number(minor) >= 5 ? undefined : `it is of version ${setting?.value}`;
}
