import type { EffectOptions } from '../platform.ts';
import { createCommandedService } from './commanded-service.ts';
import type { LocalContext } from './context.ts';
import { createSupervisedService } from './supervised-service.ts';

/** One service, however it is driven. */
export interface Service {
  readonly name: string;
  readonly startWithinMs: number;
  /** The longest that a stop may take before it is given up. */
  readonly stopWithinMs: number;
  /** Where its output goes. */
  readonly output: string;
  /** True when there is nothing to ask: then running is ready. */
  readonly hasProbe: boolean;
  isRunning(): Promise<boolean>;
  isReady(): Promise<boolean>;
  /** Resolves when nothing of it is left. @throws OperationError `service-will-not-stop`, `not-quiet`. */
  stop(operationId: string, options: EffectOptions): Promise<void>;
  /** Starts it unless it runs; does not wait until it is ready. @throws OperationError `service-will-not-start`. */
  start(operationId: string, options: EffectOptions): Promise<void>;
}

/** In the order in which they are declared, which is the order in which they are stopped. */
export function servicesOf(context: LocalContext): Service[] {
  return context.settings.services.map((settings) =>
    'command' in settings ? createSupervisedService(context, settings) : createCommandedService(context, settings),
  );
}
