import { z } from 'zod';
import { moment } from '../../records/time.ts';
import type { KubeContext } from './context.ts';
import { recordsOf } from './ledger.ts';

/** Section `served`: every service was up on what this operation's swap brought in, so people work on it. */
const served = z.object({ at: moment });

/** Once all services are up: on every swap that stands (section `swap`) and has not served before. */
export async function markServed(context: KubeContext): Promise<void> {
  const records = recordsOf(context);
  for (const operationId of await records.having('swap')) {
    if (await wasServed(context, operationId)) continue;
    await records.write(operationId, 'served', { at: context.clock.now().toISOString() });
  }
}

/** Before services that ran on new data are stopped: whoever acts then puts the old back. */
export async function markUnserved(context: KubeContext, operationId: string): Promise<void> {
  await recordsOf(context).forget(operationId, 'served');
}

export async function wasServed(context: KubeContext, operationId: string): Promise<boolean> {
  return (await recordsOf(context).read(operationId, 'served', served)) !== undefined;
}
