/**
 * A shell script that reads the attributes of everything in the folder `$1`, for the walk after it to find them in the cache;
 * `$2` is a folder that it may make. Level by level, folders shared out among 32 at a time: listing folders is as slow as looking at files, and one that
 * lists them all alone would hold up the others. Each of the 32 has a file of its own for the folders it finds.
 * `-links 0` is never true and cannot be answered without reading the attributes: that is all this is for.
 */
export const PARALLEL_WALK = `
found=$2
export found
trap 'rm -rf -- "$found"' EXIT
trap 'exit 143' HUP INT TERM
cd -- "$1" && rm -rf -- "$found" && mkdir -p -- "$found" && printf '.\\000' >"$found/now" || exit
while [ -s "$found/now" ]; do
  each=$(($(tr -cd '\\000' <"$found/now" | wc -c) / 32 + 1))
  [ "$each" -le 32 ] || each=32
  xargs -0 -r -P 32 -n "$each" --process-slot-var=slot sh -c '
    exec find "$@" -mindepth 1 -maxdepth 1 ! -path "./.cml-op_*" "(" -type d -print0 -o -links 0 ")" >>"$found/$slot.next"
  ' find <"$found/now" || code=$?
  cat "$found"/*.next >"$found/now"
  rm -f "$found"/*.next
done
exit "\${code:-0}"`;
