import type { WorkspacePlatform } from '../workspace/platform.ts';

/**
 * Clears a note of services that were never stopped, or are all up again: starting what runs does nothing else. A note of
 * services that are down stays; it is what brings them back.
 */
export async function forgetNote(platform: WorkspacePlatform, operationId: string): Promise<void> {
  const note = await platform.readNote();
  if (note?.operationId !== operationId) return;
  const { services } = await platform.inspect();
  const runs = (name: string) => services.some((service) => service.name === name && service.running);
  if (note.services.every(({ name }) => runs(name))) await platform.start(note);
}
