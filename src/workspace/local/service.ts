import type { ProcessIdentity } from '../../process-identity.ts';
import type { EffectOptions } from '../platform.ts';
import type { Stranger } from './strangers.ts';

/** One service, however it is driven. */
export interface Service {
  readonly name: string;
  readonly startWithinMs: number;
  /** It must still run so long after all were ready. */
  readonly staysUpMs: number;
  /** The longest that a stop may take before it is given up. */
  readonly stopWithinMs: number;
  /** Where its output goes. */
  readonly output: string;
  /** False when there is nothing to ask: then running is ready. */
  readonly hasProbe: boolean;
  /** True when nothing but us would start it again once it has ended. */
  readonly endsForGood: boolean;
  isRunning(): Promise<boolean>;
  isReady(): Promise<boolean>;
  /** What of it runs now; undefined where something else runs it and we cannot know. */
  processes(): Promise<readonly ProcessIdentity[] | undefined>;
  /** Who answers its readiness probe in its place, as far as that can be known. */
  stranger(): Promise<Stranger | undefined>;
  /** Resolves when nothing of it is left. @throws OperationError `service-will-not-stop`, `not-quiet`. */
  stop(operationId: string, options: EffectOptions): Promise<void>;
  /** Starts it unless it runs; does not wait until it is ready. @throws OperationError `service-will-not-start`. */
  start(operationId: string, options: EffectOptions): Promise<void>;
}
