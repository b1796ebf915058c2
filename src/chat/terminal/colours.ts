import picocolors from 'picocolors';

export type Colours = ReturnType<typeof picocolors.createColors>;

export interface ColourWishes {
  readonly NO_COLOR?: string | undefined;
  readonly FORCE_COLOR?: string | undefined;
  readonly TERM?: string | undefined;
}

/** Sources: no-color.org (any text that is not empty turns colours off) and force-color.org (also for pipes). */
export function wantsColour(wishes: ColourWishes, stream: { readonly isTTY?: boolean | undefined }): boolean {
  if (wishes.NO_COLOR) return false;
  if (wishes.FORCE_COLOR) return wishes.FORCE_COLOR !== '0' && wishes.FORCE_COLOR !== 'false';
  return stream.isTTY === true && wishes.TERM !== 'dumb';
}

export function createColours(wanted: boolean): Colours {
  return picocolors.createColors(wanted);
}
