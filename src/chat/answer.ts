import { z } from 'zod';

/** What one cell or field says; empty text is drawn as a dash. */
const table = z.object({
  columns: z.array(z.string()),
  rows: z.array(z.array(z.string())),
  /** Columns that may be left out where there is no room, the first of these first. */
  dispensable: z.array(z.string()).optional(),
});

/** What the door answers, for every chat to draw in its own way. Read back with this schema where it crossed a socket. */
export const answer = z.object({
  /** One or two sentences that carry everything essential. */
  text: z.string(),
  tone: z.enum(['info', 'good', 'warning', 'bad']),
  table: table.optional(),
  /** Lines for letters of one width, at most 78 of them, shown as they are; `text` and `fields` say what they mean. */
  drawing: z.array(z.string()).optional(),
  /** Label and value, in the order to be read. */
  fields: z.array(z.tuple([z.string(), z.string()])).optional(),
  /** True when the answer is that something is not as it should be: the terminal's exit code is then 1. */
  failed: z.boolean().optional(),
  /** What to do next. */
  hint: z.string().optional(),
  /** Exactly what `--json` prints. */
  json: z.json(),
  /** The text is a document, for people to keep or copy: it is shown as it is, and nothing else. */
  isDocument: z.boolean().optional(),
  /** An operation that has begun: a client follows it to its end, unless told to detach. */
  follow: z.string().optional(),
  /** A file of a backup that the person wants as `to`, where they are: a client fetches it. */
  download: z.object({ backup: z.string(), path: z.string(), bytes: z.number(), to: z.string() }).optional(),
  /** A request that the person wants to wait for: a client stays until it was decided and carried out. */
  waitFor: z.string().optional(),
});
export type Answer = z.infer<typeof answer>;
export type Tone = Answer['tone'];
