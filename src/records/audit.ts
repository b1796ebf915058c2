import { z } from 'zod';
import { person } from './person.ts';
import { moment } from './time.ts';

/** One line of the audit trail: who asked, who decided, what was done. Only ever appended. */
export const auditEntry = z.object({
  at: moment,
  by: person,
  /**
   * What they did: `backup asked`, `restore asked`, `approved`, `broke the glass`, `denied`, `cancelled`, `postponed`,
   * `started`, `logged in`, `logged out`, `login refused`, `looked into`, `downloaded`.
   */
  did: z.string(),
  workspace: z.string().optional(),
  subject: z.string().optional(),
  reason: z.string().optional(),
  /** What of the subject: a path in a backup, beginning with its part, and for a file how many bytes. */
  file: z.object({ path: z.string(), bytes: z.number().optional() }).optional(),
});
export type AuditEntry = z.infer<typeof auditEntry>;
