import type { Chat } from '../chat/chat.ts';
import { servicesStop } from '../chat/messages/services-stop.ts';
import { OperationError } from '../errors.ts';
import { findAffected } from '../operation/affected.ts';
import { announceToPeople, type Countdown } from '../operation/countdown.ts';
import type { Operation, OperationKind } from '../records/operation.ts';
import type { WorkspacePlatform } from '../workspace/platform.ts';

/** What a countdown has to know of a restore or an undo. */
interface Coming {
  readonly plan: {
    readonly workspace: string;
    readonly parts: readonly { readonly name: string; readonly path: string }[];
    readonly forecast: { readonly downtimeMs: number };
  };
  readonly noticeMs?: number | undefined;
}

/** Tells people that services stop, and looks once more at what the stop stands on. */
export function countdownTo(
  { plan, noticeMs: wished }: Coming,
  operation: Pick<Operation, 'id' | 'workspace' | 'by' | 'reason' | 'trigger' | 'settings'>,
  { platform, chat }: { readonly platform: WorkspacePlatform; readonly chat: Chat },
  kind: OperationKind = 'restore',
): Countdown {
  const noticeMs = wished ?? operation.settings.policy.notice;
  return {
    noticeMs,
    lookAgain: (signal) => checkStillFit(platform, plan, operation.id, signal),
    announce: async (stopsAt) =>
      announceToPeople(
        chat,
        servicesStop({
          operationId: operation.id,
          kind,
          workspace: operation.workspace,
          by: operation.by.name,
          reason: operation.reason,
          stopsAt,
          noticeMs,
          ...plan.forecast,
          affects: await findAffected(platform),
        }),
        operation.trigger,
      ),
  };
}

async function checkStillFit(
  platform: WorkspacePlatform,
  plan: Coming['plan'],
  operationId: string,
  signal: AbortSignal,
): Promise<void> {
  const inspection = await platform.inspect({ signal });
  const isNoted = inspection.notedBy !== undefined && inspection.notedBy !== operationId;
  const hasMoved = plan.parts.some(({ name, path }) => inspection.parts.find((p) => p.name === name)?.path !== path);
  if (!isNoted && !hasMoved) return;
  throw new OperationError('plan-changed', `${plan.workspace} changed while the restore was prepared.`, {
    hint: 'Nothing was stopped. Look with `cml status`, then ask again.',
  });
}
