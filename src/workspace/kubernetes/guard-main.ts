/**
 * The guard's own process, in the pod of a Job: waits for its time and then starts what was running. Started with the
 * namespace of a workspace and an operation id. Everything it may need is loaded now, not when it acts.
 */
import { systemClock } from '../../clock.ts';
import { createLog } from '../../log.ts';
import { createCluster } from './cluster-client.ts';
import { putBackOf } from './guard-swaps.ts';
import { runGuard } from './run-guard.ts';

/** Not 0, which would count as done when a node is drained: then the guard must come up elsewhere. */
const ENDED_BY_TERM = 143;

const [namespace, operationId] = process.argv.slice(2);
if (namespace === undefined || operationId === undefined)
  throw new Error('usage: guard-main <namespace> <operation id>');
// As process 1 of a container it would not be ended by a signal that nobody handles.
process.on('SIGTERM', () => process.exit(ENDED_BY_TERM));
const log = createLog({ write: (line) => void process.stdout.write(line) }, 'info');
await runGuard(
  { namespace, operationId },
  { cluster: createCluster({ log }), clock: systemClock, log, putBack: putBackOf() },
);
