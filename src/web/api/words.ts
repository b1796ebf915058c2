import { z } from 'zod';
import type { WebWorld, Word } from '../web-world.ts';
import { placesOf, type WordRoute } from './route.ts';

/** Of a terminal only: whoever asks here comes back and looks. */
const TERMINAL_ONLY = ['wait', 'follow'];

export function wordOf({ words }: Pick<WebWorld, 'words'>, wanted: string): Word {
  const found = words.find(({ word }) => word === wanted);
  if (!found) throw new Error(`there is no word "${wanted}"`);
  return found;
}

/** What the path says of the word's input. */
export function saidByPath({ path, keys = {}, given }: WordRoute, places: Readonly<Record<string, string>>) {
  const named: Readonly<Record<string, string>> = keys;
  const said = Object.keys(placesOf(path).shape).map((place) => [named[place] ?? place, places[place]] as const);
  return { ...given, ...Object.fromEntries(said) };
}

/** What is left to be said in the body, with what each key is for. Anything else is refused. */
export function bodyOf(route: WordRoute, { input, labels }: Word): z.ZodObject {
  const known = new Set([...Object.keys(saidByPath(route, {})), ...TERMINAL_ONLY]);
  const left = Object.entries(input.shape).filter(([key]) => !known.has(key));
  return z.strictObject(Object.fromEntries(left.map(([key, schema]) => [key, described(schema, labels[key])])));
}

function described(schema: z.core.$ZodType, description = ''): z.ZodType {
  return (schema as z.ZodType).meta({ description });
}
