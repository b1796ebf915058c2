import type { FoundService } from './found.ts';
import { templateOf } from './service-order.ts';
import type { KubernetesSettings } from './settings.ts';

/** Charts say here which version they brought. Source: kubernetes.io, recommended labels. */
const VERSION_LABEL = 'app.kubernetes.io/version';

/** Which release runs: as configured, else as most services are labelled, else as most of their images are tagged. */
export function releaseOf(services: readonly FoundService[], settings: Pick<KubernetesSettings, 'release'>): string {
  if (settings.release !== undefined) return settings.release;
  const labelled = services.flatMap(({ object }) => object.metadata?.labels?.[VERSION_LABEL] ?? []);
  const tagged = services.flatMap((service) => tagOf(templateOf(service)?.spec?.containers[0]?.image) ?? []);
  return mostCommon(labelled) ?? mostCommon(tagged) ?? 'unknown';
}

/** A registry may have a port, and an image may be named by its hash alone. */
function tagOf(image: string | undefined): string | undefined {
  return /:([^:/@]+)(?:@.*)?$/.exec(image ?? '')?.[1];
}

function mostCommon(words: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].sort((one, other) => other[1] - one[1] || one[0].localeCompare(other[0], 'en'))[0]?.[0];
}
