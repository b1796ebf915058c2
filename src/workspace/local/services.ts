import { createCommandedService } from './commanded-service.ts';
import type { LocalContext } from './context.ts';
import type { Service } from './service.ts';
import { createSupervisedService } from './supervised-service.ts';

/** In the order in which they are declared, which is the order in which they are stopped. */
export function servicesOf(context: LocalContext): Service[] {
  return context.settings.services.map((settings) =>
    'command' in settings ? createSupervisedService(context, settings) : createCommandedService(context, settings),
  );
}
