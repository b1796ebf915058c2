import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from './clock.ts';
import type { ConfigSource } from './config.ts';
import type { FoundOnCluster } from './config-init-kubernetes.ts';
import { UserError } from './errors.ts';
import { createLog } from './log.ts';
import type { InitPlaces, InitWish } from './main-init-places.ts';
import { workspacePolicy } from './records/workspace.ts';
import type { PartState } from './workspace/inspection.ts';
import { createKubernetesPlatform } from './workspace/kubernetes/platform.ts';
import { kubernetesSettings } from './workspace/kubernetes/settings.ts';
import { createLocalRunProgram } from './workspace/local/run-program.ts';

/**
 * Looks into a namespace, with the rights of whoever asks, and changes nothing.
 * @throws UserError when nothing stands there that could be protected; PortError, OperationError when it cannot be looked at.
 */
export async function lookIntoNamespace(
  { environment }: ConfigSource,
  { workspace, folder: namespace }: InitPlaces,
  { kubeconfig, context, image }: InitWish,
): Promise<FoundOnCluster> {
  const place = {
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
    namespace,
  };
  const platform = createKubernetesPlatform({
    ...{ workspace, settings: kubernetesSettings.parse({ kind: 'kubernetes', ...place }), image: image ?? '' },
    policy: workspacePolicy.parse({}),
    folder: join(tmpdir(), 'cml-init'),
    ...{ runHere: createLocalRunProgram(), clock: systemClock, log: createLog({ write: () => undefined }, 'silent') },
    guardProgram: [],
  });
  const { services, parts, leftOut } = await platform.inspect();
  if (services.length === 0 && parts.length === 0)
    throw new UserError('bad-input', `Nothing stands in the namespace ${namespace} that could be protected.`, {
      hint: 'No Deployment, StatefulSet, CronJob or bound claim was found. Name the namespace of the workspace itself.',
    });
  const usual = environment.CML_IMAGE === '' ? undefined : environment.CML_IMAGE;
  return {
    ...{ ...place, leftOut },
    ...(image === undefined && usual === undefined ? {} : { image: image ?? usual }),
    services: services.map(({ name }) => name),
    parts: parts.map((part) => ({ name: part.name, says: describe(part) })),
  };
}

function describe({ location, kind, capture, reason }: PartState): string {
  return `${location} ${kind.replace('-', ' ')}, ${capture}: ${reason}`.replaceAll('\n', ' ');
}
