import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { OperationError } from '../../errors.ts';
import type { EffectOptions } from '../platform.ts';
import { type LocalContext, stateFiles } from './context.ts';
import { awaitLeftoverStop, stopMarks } from './leftover-stop.ts';
import { isReady } from './ready.ts';
import { runCommand } from './run-command.ts';
import type { Service } from './service.ts';
import { changeServiceRecord, readServiceRecord } from './service-record.ts';
import type { CommandedServiceSettings } from './settings.ts';
import { assertGuardIsIdle, assertNotTakenOver } from './taken-over.ts';

const POLL_MS = 200;
const STATUS_MS = 30_000;

interface Commanded {
  readonly context: LocalContext;
  readonly settings: CommandedServiceSettings;
  readonly output: string;
  readonly isRunning: () => Promise<boolean>;
}

/** A service that something else runs (systemd, docker compose) and that we drive by three commands. */
export function createCommandedService(context: LocalContext, settings: CommandedServiceSettings): Service {
  const output = stateFiles.serviceLog(context.folder, settings.name);
  const isRunning = () => command({ settings, output }, settings.status, STATUS_MS, {});
  const one: Commanded = { context, settings, output, isRunning };
  return {
    name: settings.name,
    startWithinMs: settings.startWithin,
    staysUpMs: settings.staysUp,
    stopWithinMs: settings.stopWithin,
    output,
    hasProbe: settings.ready !== undefined,
    endsForGood: false,
    isRunning,
    async isReady() {
      if (!(await isRunning())) return false;
      return settings.ready === undefined || isReady(settings.ready, output);
    },
    processes: async () => undefined,
    stranger: async () => undefined,
    stop: (operationId, options) => stopCommanded(one, operationId, options),
    start: (_operationId, options) => startCommanded(one, options),
  };
}

function command(
  { settings, output }: Pick<Commanded, 'settings' | 'output'>,
  words: readonly string[],
  timeoutMs: number,
  more: { readonly environment?: Readonly<Record<string, string>>; readonly signal?: AbortSignal | undefined },
): Promise<boolean> {
  mkdirSync(dirname(output), { recursive: true, mode: 0o700 });
  return runCommand(words, { timeoutMs, output, folder: settings.folder, ...more });
}

async function stopCommanded(one: Commanded, operationId: string, options: EffectOptions): Promise<void> {
  const { context, settings, isRunning } = one;
  if ((await readServiceRecord(context, settings.name)).toldToStop) await awaitLeftoverStop(context, settings, options);
  if (!(await isRunning())) return;
  const beganAt = performance.now();
  const said = await unlessAborted(await beginStop(one, operationId), options.signal);
  while (await isRunning()) {
    if (!said || performance.now() - beganAt > settings.stopWithin) throw willNotStop(settings, said);
    await context.clock.sleep(POLL_MS, options.signal);
  }
}

/** Begun under the lock and after a look at who is in charge: what the guard started meanwhile must not be stopped again. */
async function beginStop(one: Commanded, operationId: string): Promise<{ readonly ended: Promise<boolean> }> {
  const { context, settings } = one;
  return context.lock.hold(async () => {
    await assertNotTakenOver(context, operationId);
    await changeServiceRecord(context, settings.name, (record) => ({ ...record, toldToStop: true }));
    const environment = stopMarks(context, settings.name);
    const ended = command(one, settings.stop, settings.stopWithin, { environment });
    // Whoever gives up waiting leaves it to itself, and then nobody takes its failure.
    ended.catch(() => undefined);
    return { ended };
  });
}

/** A stop that is not waited for any more goes on: a service stopped half-way is neither up nor down. */
async function unlessAborted<T>(
  { ended }: { readonly ended: Promise<T> },
  signal: AbortSignal | undefined,
): Promise<T> {
  if (!signal) return ended;
  signal.throwIfAborted();
  const over = new AbortController();
  try {
    return await Promise.race([
      ended,
      once(signal, 'abort', { signal: over.signal }).then(() => Promise.reject(signal.reason)),
    ]);
  } finally {
    over.abort();
  }
}

async function startCommanded(one: Commanded, options: EffectOptions): Promise<void> {
  const { context, settings, isRunning } = one;
  await context.lock.hold(() => assertGuardIsIdle(context));
  if ((await readServiceRecord(context, settings.name)).toldToStop) {
    // What its status says means nothing before: it may be on its way out.
    await awaitLeftoverStop(context, settings, options);
  } else if (await isRunning()) return;
  const beganAt = performance.now();
  const said = await command(one, settings.start, settings.startWithin, { signal: options.signal });
  while (!(await isRunning())) {
    if (!said) throw willNotStart(one, 'its start command failed');
    const waitedMs = performance.now() - beganAt;
    if (waitedMs > settings.startWithin) throw willNotStart(one, 'its status command does not say that it runs');
    await context.clock.sleep(POLL_MS, options.signal);
  }
  await context.lock.hold(() =>
    changeServiceRecord(context, settings.name, (record) => ({ ...record, toldToStop: false })),
  );
}

function willNotStart({ settings, output }: Commanded, why: string): OperationError {
  return new OperationError('service-will-not-start', `the service ${settings.name} does not start: ${why}`, {
    hint: `its output is in ${output}`,
  });
}

function willNotStop(settings: CommandedServiceSettings, said: boolean): OperationError {
  const why = said ? 'its status command still says that it runs' : 'its stop command failed';
  return new OperationError('service-will-not-stop', `the service ${settings.name} does not stop: ${why}`, {
    hint: `try "${settings.stop.join(' ')}" by hand`,
  });
}
