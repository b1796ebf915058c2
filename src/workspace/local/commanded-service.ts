import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { OperationError } from '../../errors.ts';
import { type LocalContext, stateFiles } from './context.ts';
import { isReady } from './ready.ts';
import { runCommand } from './run-command.ts';
import type { Service } from './service.ts';
import type { CommandedServiceSettings } from './settings.ts';
import { assertGuardIsIdle, assertNotTakenOver } from './taken-over.ts';

const POLL_MS = 200;
const STATUS_MS = 30_000;

/** A service that something else runs (systemd, docker compose) and that we drive by three commands. */
export function createCommandedService(context: LocalContext, settings: CommandedServiceSettings): Service {
  const output = stateFiles.serviceLog(context.folder, settings.name);
  const command = (words: readonly string[], timeoutMs: number, signal?: AbortSignal) => {
    mkdirSync(dirname(output), { recursive: true, mode: 0o700 });
    return runCommand(words, { timeoutMs, output, folder: settings.folder, signal });
  };
  const isRunning = () => command(settings.status, STATUS_MS);
  return {
    name: settings.name,
    startWithinMs: settings.startWithin,
    stopWithinMs: settings.stopWithin,
    output,
    hasProbe: settings.ready !== undefined,
    endsForGood: false,
    isRunning,
    async isReady() {
      if (!(await isRunning())) return false;
      return settings.ready === undefined || isReady(settings.ready, output);
    },
    async stop(operationId, options) {
      if (!(await isRunning())) return;
      const beganAt = context.clock.now().getTime();
      await context.lock.hold(() => assertNotTakenOver(context, operationId));
      const said = await command(settings.stop, settings.stopWithin, options.signal);
      while (await isRunning()) {
        if (!said || context.clock.now().getTime() - beganAt > settings.stopWithin) throw willNotStop(settings, said);
        await context.clock.sleep(POLL_MS, options.signal);
      }
    },
    async start(_operationId, options) {
      await context.lock.hold(() => assertGuardIsIdle(context));
      if (await isRunning()) return;
      if (await command(settings.start, settings.startWithin, options.signal)) return;
      if (await isRunning()) return;
      throw new OperationError('service-will-not-start', `the start command of the service ${settings.name} failed`, {
        hint: `its output is in ${output}`,
      });
    },
  };
}

function willNotStop(settings: CommandedServiceSettings, said: boolean): OperationError {
  const why = said ? 'its status command still says that it runs' : 'its stop command failed';
  return new OperationError('service-will-not-stop', `the service ${settings.name} does not stop: ${why}`, {
    hint: `try "${settings.stop.join(' ')}" by hand`,
  });
}
