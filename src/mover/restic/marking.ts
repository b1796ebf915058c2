import type { Around } from './launch.ts';

/**
 * Marks what changes while restic reads it, so that a later copy reads it whole: a file that a program has mapped may
 * change again without a new time, since the kernel notes the first write only until the page is on the disk. So pages go
 * to the disk first, once for each file system, and what changed since (2 s of slack for coarse clocks) gets a new access
 * time, which sets the change time too. Says `unmarked` when it could not. The paths are the words after restic's own
 * `--`. One process marks many files: one for each folder takes longer than the copy when much has changed.
 */
export const MARKING: Around = {
  isTimed: true,
  first: `since=$(date -d '2 seconds ago' +@%s.%N) flushed=' '`,
  each: `
device=$(stat -L -c %d -- "$1") || exit 1
case $flushed in *" $device "*) ;; *) sync -f -- "$1" || exit 1; flushed="$flushed$device " ;; esac`,
  before: 'took flush',
  evenPartly: `
while [ "$1" != -- ]; do shift; done
shift
for path; do
  find "$path" -type f -newerct "$since" -exec sh -c '
    touch -a -c -h -- "$@" || printf "{\\"message_type\\":\\"unmarked\\"}\\n"' mark {} +
done 2>/dev/null
took marking`,
};
