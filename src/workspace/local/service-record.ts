import { z } from 'zod';
import { processIdentity } from '../../process-identity.ts';
import { moment } from '../../records/time.ts';
import { readState, writeState } from '../state-file.ts';
import { type LocalContext, stateFiles } from './context.ts';

/** What stands on the service itself, so that what ran is known even when the note is lost. */
export const serviceRecord = z.object({
  name: z.string(),
  /** The process that was started, which leads the service's session. Absent for commanded services. */
  identity: processIdentity.optional(),
  /** Set when it was told to stop and not started since. */
  toldToStop: z.boolean().default(false),
  /** Set when it had to be killed and was not started since. */
  wasKilled: z.literal(true).optional(),
  stoppedBy: z.object({ operationId: z.string(), notedAt: moment, ready: z.boolean() }).optional(),
});
export type ServiceRecord = z.infer<typeof serviceRecord>;

export async function readServiceRecord(context: LocalContext, name: string): Promise<ServiceRecord> {
  const record = await readState(stateFiles.service(context.folder, name), serviceRecord);
  return record ?? { name, toldToStop: false };
}

export async function changeServiceRecord(
  context: LocalContext,
  name: string,
  change: (record: ServiceRecord) => ServiceRecord,
): Promise<void> {
  const before = await readServiceRecord(context, name);
  const after = change(before);
  if (JSON.stringify(after) !== JSON.stringify(before)) {
    await writeState(stateFiles.service(context.folder, name), after);
  }
}
