import { OperationError } from '../../errors.ts';
import type { KubeContext } from './context.ts';
import { CLAIM } from './kinds.ts';
import { claimNameOf, NOTES, placePath } from './names.ts';
import { createJobRunner } from './run-job.ts';

/** More than this is no state of the server but somebody else's files. */
const MOST_KB = 100_000;

/** Everything in $1 but the folder $3 goes to $2, where that folder is made empty, with its owner and mode. */
const CARRY = `cd "$1" || exit 1
kb=$(find . -mindepth 1 -maxdepth 1 ! -name "$3" ! -name lost+found -exec du -sk {} + | awk '{ sum += $1 } END { print sum + 0 }')
if [ "$kb" -gt ${MOST_KB} ]; then echo "there are $kb KB of other files on its volume" >&2; exit 3; fi
find . -mindepth 1 -maxdepth 1 ! -name "$3" ! -name lost+found -exec cp -a {} "$2"/ \\; || exit 1
mkdir -p "$2/$3" && chown --reference="$3" "$2/$3" && chmod --reference="$3" "$2/$3"`;

/**
 * A server inside the workspace keeps state of its own beside the folder that it serves: who it is, what it exports. That
 * goes along to the volume that will take its place; from then on the staged place is the folder below its root.
 * @throws OperationError `preflight-failed` when there is more than that.
 */
export async function carryOver(
  context: KubeContext,
  operationId: string,
  part: string,
  within: string,
): Promise<void> {
  const { cluster, namespace } = context;
  const name = claimNameOf('staged', operationId, part);
  const claim = await cluster.read(CLAIM, name, namespace);
  if (claim?.metadata?.annotations?.[NOTES.within] === within) return;
  const [from, to] = [placePath({ life: 'beside', part }), placePath({ life: 'staged', operationId, part })];
  const places = [
    { path: from, access: 'read' as const },
    { path: to, access: 'write' as const },
  ];
  const program = {
    key: `carry-${part}`,
    command: 'sh',
    args: ['-c', CARRY, 'sh', from, to, within],
    needs: { places },
  };
  const { exitCode, stderr } = await createJobRunner(context)(program, { folder: operationId });
  if (exitCode !== 0)
    throw new OperationError(
      'preflight-failed',
      `${part} cannot be built beside: ${stderr.at(-1) ?? `exit code ${exitCode}`}`,
      { hint: 'say "beside: false" for it (platform.parts), then it is restored in place' },
    );
  await cluster.patch(CLAIM, name, namespace, { metadata: { annotations: { [NOTES.within]: within } } });
}
