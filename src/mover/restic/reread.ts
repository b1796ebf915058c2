import { z } from 'zod';
import { isAppError } from '../../errors.ts';
import type { MoveOptions, Reread, Slice } from '../mover.ts';
import { failureOf } from './failure.ts';
import { COPIES_IN_MATCHES } from './launch.ts';
import { parseLine, plainSentence } from './output.ts';
import { callRestic, type ResticContext } from './restic.ts';

/** The last line of `check`, since 0.18. */
const checkSummary = z.object({
  message_type: z.literal('summary'),
  num_errors: z.number(),
  broken_packs: z.array(z.string()).nullish(),
});

/** What ends with this found errors, or could not look at all. */
const FOUND_ERRORS = 1;
/** So many sentences are told. */
const TOLD = 5;
/** Packs of which the copies are looked for: their names have to fit on a command line. */
const LOOKED_FOR = 500;

/**
 * restic calls this a bucket: the packs whose id begins with a byte that fits, so a pack is always in the same one. Takes
 * no lock, as `check` does, and reads from the repository itself, not from the cache.
 */
export async function reread(context: ResticContext, { index, of }: Slice, options: MoveOptions): Promise<Reread> {
  let summary: z.infer<typeof checkSummary> | undefined;
  const result = await callRestic(context, {
    args: ['check', `--read-data-subset=${index}/${of}`, '--json', '--no-lock'],
    options,
    accept: [0, FOUND_ERRORS],
    adoptable: true,
    onMessage: (message) => {
      summary = checkSummary.safeParse(message).data ?? summary;
    },
  });
  if (result.exitCode === 0) return { problems: [], copyIds: [] };
  // Without a summary it did not come to read anything: the repository is away, held, or damaged beyond that.
  if (!summary || summary.num_errors === 0) throw failureOf(result, context.settings.location);
  const sentences = result.stderr.filter((line) => parseLine(line) !== undefined).map(plainSentence);
  const problems = sentences
    .flatMap((text) => text.split('\n'))
    .filter((text) => /\S/.test(text))
    .slice(0, TOLD);
  const packs = (summary.broken_packs ?? []).slice(0, LOOKED_FOR);
  return { problems, copyIds: packs.length === 0 ? [] : await copiesWith(context, packs, options) };
}

/** Copies that hold something of these packs. What is damaged may itself keep restic from looking: then none are known. */
async function copiesWith(
  context: ResticContext,
  packs: readonly string[],
  options: MoveOptions,
): Promise<readonly string[]> {
  const found = new Set<string>();
  try {
    await callRestic(context, {
      args: ['find', '--json', '--no-lock', '--pack', ...packs],
      options: { ...options, key: `${options.key}-copies` },
      around: COPIES_IN_MATCHES,
      onLine: (line) => {
        const id = /"([0-9a-f]{64})"$/.exec(line)?.[1];
        if (id !== undefined) found.add(id);
      },
    });
  } catch (error) {
    if (!isAppError(error)) throw error;
  }
  return [...found];
}
