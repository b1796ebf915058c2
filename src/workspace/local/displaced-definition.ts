import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { writeDurably } from '../../durable-file.ts';
import type { DefinitionFile } from '../platform.ts';
import { codeOf } from '../system-error.ts';
import { type LocalContext, stateFiles } from './context.ts';

/** In our own folder: the operation's may be gone by the time that it is needed. */
export async function copyDefinition(
  context: LocalContext,
  operationId: string,
  definition: DefinitionFile | undefined,
): Promise<DefinitionFile | undefined> {
  if (!definition) return undefined;
  const text = await readIfThere(definition.path);
  if (text === undefined || createHash('sha256').update(text).digest('hex') !== definition.sha256) {
    context.log.warn(
      { operationId, path: definition.path },
      'the displaced definition is not there, so it is not kept',
    );
    return undefined;
  }
  const path = stateFiles.displacedDefinition(context.folder, operationId);
  await mkdir(context.folder, { recursive: true, mode: 0o700 });
  await writeDurably(path, text);
  return { ...definition, path };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw cause;
  }
}
