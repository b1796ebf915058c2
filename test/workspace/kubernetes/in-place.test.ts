import { afterEach, beforeEach, expect, test } from 'vitest';
import { beginInPlace, endInPlace, forgetInPlace, readInPlace } from '../../../src/workspace/kubernetes/in-place.ts';
import * as kinds from '../../../src/workspace/kubernetes/kinds.ts';
import { NOTES, placePath } from '../../../src/workspace/kubernetes/names.ts';
import { startServices } from '../../../src/workspace/kubernetes/start-services.ts';
import { isUp } from './live-scene.ts';
import { createSwapScene, FIRST, SECOND, type SwapScene } from './swap-scene.ts';

let scene: SwapScene;
beforeEach(async () => {
  scene = await createSwapScene();
});
afterEach(() => scene.dispose());

const markOf = (claim: string) =>
  scene.get(kinds.VOLUME, scene.get(kinds.CLAIM, claim).spec.volumeName).metadata.annotations?.[NOTES.swap];

test('hands out live parts and lets nothing start until they are whole again', async () => {
  const { context } = scene;
  const { note, quiet } = await scene.down(context, FIRST);
  const places = await beginInPlace(context, FIRST, ['data-db-0'], quiet);
  expect(places).toEqual([{ part: 'data-db-0', path: placePath({ life: 'live', part: 'data-db-0' }), isRoot: true }]);
  expect(await beginInPlace(context, FIRST, ['data-db-0'], quiet)).toEqual(places);
  expect(markOf('data-db-0')).toContain(FIRST);
  await expect(startServices(context, note, {})).rejects.toMatchObject({ code: 'unknown-data' });
  await expect(beginInPlace(context, SECOND, ['projects-pvc'], quiet)).rejects.toMatchObject({ code: 'unknown-data' });
  await endInPlace(context, SECOND, 'restored');
  await forgetInPlace(context, FIRST);
  const again = scene.with({});
  expect(await readInPlace(again, FIRST)).toBe('writing');
  await endInPlace(again, FIRST, 'restored');
  expect(await readInPlace(context, FIRST)).toBe('restored');
  expect(markOf('data-db-0')).toBeUndefined();
  await startServices(context, note, {});
  expect(isUp(scene)).toBe(true);
  await forgetInPlace(context, FIRST);
  expect(await readInPlace(context, FIRST)).toBeUndefined();
});

test('does not begin for a part that is not there, or when the quiet time is over', async () => {
  const { context } = scene;
  const { note, quiet } = await scene.down(context, FIRST);
  const beginning = beginInPlace(context, FIRST, ['data-db-0', 'nobody'], quiet);
  await expect(beginning).rejects.toMatchObject({ code: 'part-missing' });
  await startServices(context, note, {});
  const late = beginInPlace(context, FIRST, ['data-db-0'], quiet);
  await expect(late).rejects.toMatchObject({ code: 'not-quiet' });
  expect(await readInPlace(context, FIRST)).toBeUndefined();
});
