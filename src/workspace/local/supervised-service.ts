import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { OperationError } from '../../errors.ts';
import { identify, type ProcessIdentity } from '../../process-identity.ts';
import type { EffectOptions } from '../platform.ts';
import { programEnvironment } from '../program-environment.ts';
import { type LocalContext, stateFiles } from './context.ts';
import { findProcesses, sendSignal } from './find-processes.ts';
import { pauseAfter } from './pause-after.ts';
import { isReady } from './ready.ts';
import type { Service } from './service.ts';
import { changeServiceRecord, readServiceRecord } from './service-record.ts';
import type { SupervisedServiceSettings } from './settings.ts';
import { findStranger } from './strangers.ts';
import { assertGuardIsIdle, assertNotTakenOver } from './taken-over.ts';

/** How long a killed process may take to be gone; longer means that the kernel holds it. */
const KILL_MS = 10_000;

/** A service that we start ourselves. It leads a session of its own, outlives us and is found again. */
export function createSupervisedService(context: LocalContext, settings: SupervisedServiceSettings): Service {
  const output = stateFiles.serviceLog(context.folder, settings.name);
  const living = async () => {
    const { identity } = await readServiceRecord(context, settings.name);
    return findProcesses({ marks: marksOf(context, settings.name), leader: identity, output });
  };
  const service: Service = {
    name: settings.name,
    startWithinMs: settings.startWithin,
    staysUpMs: settings.staysUp,
    stopWithinMs: settings.stop.grace + (settings.stop.kill ? KILL_MS : 0),
    output,
    hasProbe: settings.ready !== undefined,
    endsForGood: true,
    isRunning: async () => (await living()).length > 0,
    async isReady() {
      const own = await living();
      if (own.length === 0) return false;
      if (settings.ready === undefined) return true;
      // One that was there before and holds the port: whatever it answers says nothing of ours.
      return (await isReady(settings.ready, output)) && !(await findStranger(settings.ready, own))?.isOlder;
    },
    processes: living,
    stranger: async () => findStranger(settings.ready, await living()),
    stop: (operationId, options) => stopSupervised({ context, settings, living }, operationId, options),
    start: (operationId, options) => startSupervised({ context, settings, living }, operationId, options),
  };
  return service;
}

interface Supervised {
  readonly context: LocalContext;
  readonly settings: SupervisedServiceSettings;
  readonly living: () => Promise<ProcessIdentity[]>;
}

/** The state folder is part of it: two workspaces of one name may live on one machine. */
function marksOf(context: LocalContext, name: string): string[] {
  return [`CML_SERVICE=${context.workspace}/${name}`, `CML_STATE=${context.folder}`];
}

async function stopSupervised(one: Supervised, operationId: string, options: EffectOptions): Promise<void> {
  const { context, settings, living } = one;
  const { clock } = context;
  const beganAt = performance.now();
  const told = new Set<string>();
  let left = await living();
  while (left.length > 0 || (await living()).length > 0) {
    const waitedMs = performance.now() - beganAt;
    const isKilling = settings.stop.kill && waitedMs > settings.stop.grace;
    if (waitedMs > settings.stop.grace + (settings.stop.kill ? KILL_MS : 0)) throw willNotStop(settings, left);
    const signal = isKilling ? 'SIGKILL' : settings.stop.signal;
    const untold = left.filter((process) => !told.has(`${signal} ${process.pid} ${process.startTime}`));
    if (untold.length > 0) await tellToStop(one, operationId, untold, signal);
    for (const process of untold) told.add(`${signal} ${process.pid} ${process.startTime}`);
    await clock.sleep(pauseAfter(waitedMs), options.signal);
    left = await living();
  }
}

/** Under the lock and after a look at who is in charge: what the guard started meanwhile must not be stopped again. */
async function tellToStop(
  { context, settings }: Supervised,
  operationId: string,
  processes: readonly ProcessIdentity[],
  signal: NodeJS.Signals,
): Promise<void> {
  await context.lock.hold(async () => {
    await assertNotTakenOver(context, operationId);
    const killed = signal === 'SIGKILL' ? { wasKilled: true as const } : {};
    await changeServiceRecord(context, settings.name, (record) => ({ ...record, toldToStop: true, ...killed }));
    for (const process of processes) {
      sendSignal(process, signal);
      // One that is held (SIGSTOP) would never come to handle the signal.
      sendSignal(process, 'SIGCONT');
    }
  });
}

async function startSupervised(one: Supervised, _operationId: string, options: EffectOptions): Promise<void> {
  const { context, settings, living } = one;
  const { clock } = context;
  const beganAt = performance.now();
  for (;;) {
    const waitedMs = performance.now() - beganAt;
    const isPastGrace = waitedMs > settings.stop.grace;
    const isUp = await context.lock.hold(async () => {
      await assertGuardIsIdle(context);
      if ((await living()).length === 0) {
        await launch(one);
        return true;
      }
      // Told to stop and still there: it may be on its way out, and must not be taken for one that serves.
      if ((await readServiceRecord(context, settings.name)).toldToStop && !isPastGrace) return false;
      await changeServiceRecord(context, settings.name, (record) => ({ ...record, toldToStop: false }));
      return true;
    });
    if (isUp) return;
    await clock.sleep(pauseAfter(waitedMs), options.signal);
  }
}

async function launch({ context, settings }: Supervised): Promise<void> {
  const output = stateFiles.serviceLog(context.folder, settings.name);
  mkdirSync(dirname(output), { recursive: true, mode: 0o700 });
  const [program = '', ...args] = settings.command;
  const marks = Object.fromEntries(marksOf(context, settings.name).map((mark) => mark.split(/=(.*)/s).slice(0, 2)));
  const log = openSync(output, 'a', 0o600);
  try {
    // Before it is there: one that is found after a crash in here must not be taken for one on its way out.
    await changeServiceRecord(context, settings.name, ({ identity: _before, wasKilled: _killed, ...record }) => ({
      ...record,
      toldToStop: false,
    }));
    const child = spawn(program, args, {
      cwd: settings.folder,
      env: { ...programEnvironment(), ...settings.environment, ...marks },
      detached: true,
      stdio: ['ignore', log, log],
    });
    await once(child, 'spawn');
    child.unref();
    const identity = child.pid === undefined ? undefined : identify(child.pid);
    if (identity !== undefined) {
      await changeServiceRecord(context, settings.name, (record) => ({ ...record, identity }));
    }
  } catch (cause) {
    throw new OperationError('service-will-not-start', `the service ${settings.name} cannot be started`, {
      cause,
      hint: `look at its command and its folder (${settings.folder})`,
    });
  } finally {
    closeSync(log);
  }
}

function willNotStop(settings: SupervisedServiceSettings, left: readonly ProcessIdentity[]): OperationError {
  const pids = left.map(({ pid }) => pid).join(', ');
  return new OperationError(
    'service-will-not-stop',
    `the service ${settings.name} still runs after ${settings.stop.signal} and its grace (process ${pids})`,
    { hint: 'give it a longer stop.grace, another stop.signal, or allow stop.kill: true' },
  );
}
