import type { FoundPart, FoundService } from './found.ts';
import { FIRST } from './service-order.ts';

/** Everything else has the folder mounted, or is admitted by the webhook: these end the row. */
const SERVER = 1_000_000;
const WEBHOOK = 2_000_000;

/**
 * Which services stop together: neighbours in the order that are of one sort, so that the time is the slowest one's and not
 * the sum of all. `db` is alone, and so is whatever the configuration puts in order by name.
 */
export function wavesOf(
  services: readonly FoundService[],
  { order = [], parts, webhooks }: WaveOptions,
): ReadonlyMap<FoundService, number> {
  const servers = parts.flatMap(({ backing }) => (backing ? [backing.server] : []));
  const waves = new Map<FoundService, number>();
  let wave = 0;
  let before: string | undefined;
  for (const service of services) {
    const isNamed = order.includes(service.name);
    const sort = isNamed ? `named ${service.name}` : sortOf(service);
    if (before !== undefined && sort !== before) wave += 1;
    before = sort;
    const isServer = service.kind !== 'CronJob' && servers.includes(service.object.metadata?.name ?? '');
    waves.set(service, webhooks.has(service) ? WEBHOOK : isServer ? SERVER : wave);
  }
  return waves;
}

export interface WaveOptions {
  /** As configured. */
  readonly order?: readonly string[] | undefined;
  readonly parts: readonly FoundPart[];
  /** Those without which no pod is admitted. */
  readonly webhooks: ReadonlySet<FoundService>;
}

function sortOf({ kind, object }: FoundService): string {
  const name = object.metadata?.name ?? '';
  if (kind === 'StatefulSet') return name === 'db' ? 'database' : 'stateful';
  return FIRST.includes(name) ? 'first' : 'others';
}
