import { z } from 'zod';

/** Where `cml serve` tells Prometheus and a cluster how it is. Read once, at the start of the server. */
export const metricsSettings = z.strictObject({
  port: z.number().int().min(1).max(65_535),
  /** Nobody proves who they are here, so by default only this machine is answered. */
  host: z.string().min(1).default('127.0.0.1'),
});
export type MetricsSettings = z.infer<typeof metricsSettings>;
