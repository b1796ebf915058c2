import { readFileSync } from 'node:fs';
import { OperationError } from '../../src/errors.ts';
import type { DefinitionFile, RunningNote } from '../../src/workspace/platform.ts';
import { readSwap, undoSwapOf } from './swap.ts';
import { bringUp, type FakeSwap, runs, type World } from './world.ts';

/** The dead man's switch: what outlives the process does all this on its own, at its time. */
export function actAsGuard(world: World, canPutBack: () => boolean = () => true): void {
  const { guard } = world;
  if (!guard || guard.sleeps) return;
  if (world.inPlace?.state === 'writing' && world.note?.operationId === guard.operationId) {
    guard.tries = true; // nothing is taken over: whoever writes may go on
    world.guardSaid.push('Data is being written in place: nothing was started.');
    return;
  }
  delete world.guard;
  if (world.note?.operationId !== guard.operationId) return; // nothing of that operation is down
  if (isServed(world, guard.note)) {
    world.note = undefined;
    for (const service of world.services.values()) delete service.stoppedBy;
    return; // everything is up already: nothing is taken over
  }
  world.takenOverBy = guard.operationId;
  world.quiet = undefined;
  if (world.swap && !world.swap.served) {
    for (const service of world.services.values()) {
      service.up = false;
      service.ready = false;
    }
    if (canPutBack()) undo(world, world.swap, guard.putBack);
  }
  if (readSwap(world) === 'mixed') {
    world.guardSaid.push('Data is of unknown state: nothing was started.');
    return;
  }
  for (const { name, ready } of guard.note.services) {
    const service = world.services.get(name);
    if (!service) continue;
    bringUp(world, service);
    service.ready = ready;
    delete service.stoppedBy;
  }
  world.note = undefined;
}

function isServed(world: World, note: RunningNote): boolean {
  const isUp = note.services.every(({ name }) => world.services.get(name)?.up);
  return isUp && (!world.swap || world.swap.served);
}

/** The same by a person's hand, who stops nothing that runs. */
export function putBackByHand(world: World, note: RunningNote): string[] {
  const { swap, guard } = world;
  if (!swap) return [];
  if (world.inPlace?.state === 'writing') throw new OperationError('unknown-data', 'Live parts are being written.');
  const stands = readSwap(world);
  const order = guard?.operationId === note.operationId ? guard : undefined;
  if (runs(world) || stands === 'previous' || (stands === 'committed' && (swap.served || !order))) return [];
  undo(world, swap, order?.putBack);
  return [swap.operationId];
}

function undo(world: World, swap: FakeSwap, definition: DefinitionFile | undefined): void {
  undoSwapOf(world, swap);
  if (definition) world.definition = readFileSync(definition.path, 'utf8');
}
