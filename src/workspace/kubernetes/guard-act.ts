import { tryUntilUp } from '../guard-loop.ts';
import type { KubeContext } from './context.ts';
import { type GuardOrder, readOrder, removeOrder } from './guard-order.ts';
import { type PutBack, putBackUnserved } from './guard-put-back.ts';
import { readNote } from './note.ts';
import { tell } from './page.ts';
import { endQuiet } from './quiet.ts';
import { startServices } from './start-services.ts';
import { takeOver } from './taken-over.ts';

/** Ends when services are up, when someone else has them up, or when it is disarmed. */
export async function actAsGuard(context: KubeContext, order: GuardOrder, putBack: PutBack): Promise<void> {
  const { workspace, operationId, pageCommand: command } = order;
  const { clock, log } = context;
  await tryUntilUp({
    ...{ workspace, operationId, clock, log },
    bringBack: () => bringBack(context, order, putBack),
    tell: (sentence, urgent) => tell(context, operationId, { sentence, urgent, command }),
  });
}

async function bringBack(context: KubeContext, order: GuardOrder, putBack: PutBack): Promise<string> {
  const { operationId, namespace } = order;
  const standing = await readOrder(context.cluster, namespace, operationId);
  if (standing === undefined) return 'nothing: it was disarmed';
  const note = await readNote(context);
  if (note?.operationId !== operationId) return finish(context, standing, 'nothing: services were started already');
  // Before anything is taken over: who writes in place may still live and go on.
  await putBack.assertNotInPlace(context);
  await takeOver(context, operationId, false);
  await endQuiet(context);
  await putBackUnserved(context, standing, note, putBack);
  const { services } = await startServices(context, note, {});
  await takeOver(context, operationId, true);
  return finish(context, standing, `started ${services.join(', ') || 'no service, none had run'}`);
}

/** Without its order the guard of this operation has nothing to do any more, even if its pod is started again. */
async function finish({ cluster }: KubeContext, order: GuardOrder, did: string): Promise<string> {
  await removeOrder(cluster, order);
  return did;
}
