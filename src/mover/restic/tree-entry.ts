/**
 * One entry of a tree, told in the way that both a copy's own listing and a look at the disk can tell it. Not in it, since
 * restic lists none of them: extended attributes and access lists, device numbers, access times.
 */
export interface TreeEntry {
  /** Which of the compared places, and the path below it; the place itself is `0/`. */
  readonly path: string;
  /** One for each of `FACTS`. */
  readonly facts: readonly string[];
  /** Tells the file that this is one of several names of; absent where there is but one name. */
  readonly file?: string;
}

export const FACTS = ['kind', 'mode', 'owner', 'size', 'time of change', 'link target', 'hard link'] as const;
export const OWNER = 2;

/** What a place of the comparison is called in `TreeEntry.path`. */
export const entryPath = (place: number, below: string) => `${place}/${below}`;

/** A sequence of bytes, one for each character, that is valid UTF-8; source: RFC 3629, section 4. */
const CHARACTER =
  /[\x20-\x7f]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}/y;

/**
 * The name that these bytes (one for each character) have in restic's JSON: what is not UTF-8 becomes U+FFFD, byte for byte.
 * Node's own decoder makes one of several bytes.
 */
export function nameOfBytes(bytes: string): string {
  if (!/[\x80-\xff]/.test(bytes)) return bytes;
  const text = Buffer.from(bytes, 'latin1').toString('utf8');
  return text.includes('\ufffd') ? decodeByteForByte(bytes) : text;
}

function decodeByteForByte(bytes: string): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    CHARACTER.lastIndex = at;
    const found = CHARACTER.exec(bytes)?.[0];
    const isControl = bytes.charCodeAt(at) < 0x20;
    text += found ? Buffer.from(found, 'latin1').toString('utf8') : isControl ? bytes.charAt(at) : '\ufffd';
    at += found?.length ?? 1;
  }
  return text;
}
