/**
 * What Jobs do with single paths of a live part. All of it may die at any point and be done again: what stood where is
 * written down (`facts`, inodes) in the folder of the operation before the first rename.
 */
const COMMON = `
refuse() { printf '%s\\n' "$1" >&2; exit 4; }
inode() { if [ -e "$1" ] || [ -L "$1" ]; then stat -c %i -- "$1"; else echo none; fi; }
find_target() {
  case $2 in */*) below=\${2%/*} ;; *) below=. ;; esac
  real=$(cd -P -- "$1" && pwd -P) || refuse "the part of $2 is not there"
  folder=$(cd -P -- "$1/$below" 2>/dev/null && pwd -P) || refuse "the folder that holds $2 is not there"
  case $folder/ in "$real"/*) ;; *) refuse "$2 leads out of its part, to $folder" ;; esac
  target=$folder/\${2##*/}
  case \${target#"$real"} in /.cml-op_*) refuse "$2 is a folder of ours" ;; esac
  device=$(stat -c %d -- "$real")
  [ "$device" = "$(stat -c %d -- "$folder")" ] || refuse "$2 lies on another file system than its part"
  [ ! -d "$target" ] || [ "$device" = "$(stat -c %d -- "$target/.")" ] || [ -L "$target" ] ||
    refuse "$2 is another file system than its part"
}
read_facts() { { read -r had; read -r came; IFS= read -r was; } <"$1/facts"; }
`;

/** Arguments: bytes that must be free, then for each path root, within, folder of ours, folder or file. Prints where each is. */
export const STAGE_PATHS = `${COMMON}
room=$(df --output=avail -B1 -- "$2" | tail -n 1)
[ "$room" -ge "$1" ] || refuse "there is no room for it: $1 bytes are needed and $room are free"
shift
while [ $# -gt 0 ]; do
  find_target "$1" "$2"
  rm -rf -- "$3" && mkdir -m 700 -- "$3" && mkdir -m 700 -- "$3/stage" || exit 1
  if [ "$4" = folder ]; then
    if [ -d "$target" ] && [ ! -L "$target" ]; then
      chown --reference="$target" -- "$3/stage" && chmod --reference="$target" -- "$3/stage" || exit 1
    else
      chmod 755 -- "$3/stage" || exit 1
    fi
  fi
  printf '%s\\n' "$target"
  shift 4
done
`;

/**
 * Arguments for each path: root, within, folder of ours, what comes, yes or no: it must be there. Prints for each whether
 * something was displaced. A life that was overtaken finds \`put-back\` and does nothing.
 */
export const COMMIT_PATHS = `${COMMON}
while [ $# -gt 0 ]; do
  find_target "$1" "$2"
  mkdir -p -m 700 -- "$3" || exit 1
  [ ! -e "$3/put-back" ] || refuse "$2 was put back meanwhile"
  if [ ! -f "$3/facts" ]; then
    live=$(inode "$target") came=$(inode "$4")
    if [ "$5" = yes ]; then
      [ "$came" != none ] || refuse "nothing is staged for $2"
    else
      came=none
    fi
    kept=\${4%/*}
    if [ -f "$kept/facts" ] && [ "$kept" != "$3" ]; then
      [ "$(head -n 1 -- "$kept/facts")" = "$came" ] && [ "$(tail -n +3 -- "$kept/facts")" = "$target" ] ||
        refuse "what was displaced from $2 is not what it was"
    fi
    touch -r "$folder" -- "$3/look" && printf '%s\\n' "$live" "$came" "$target" >"$3/facts.new" &&
      sync -- "$3/facts.new" && mv -fT -- "$3/facts.new" "$3/facts" && sync -- "$3" || exit 1
  fi
  read_facts "$3"
  [ "$was" = "$target" ] || refuse "$2 leads elsewhere than before"
  if [ "$had" != none ] && [ "$(inode "$target")" = "$had" ]; then
    [ "$(inode "$3/displaced")" = none ] && mv -nT -- "$target" "$3/displaced" || exit 1
  fi
  [ "$had" = none ] || [ "$(inode "$3/displaced")" = "$had" ] || refuse "somebody else moved $2"
  live=$(inode "$target")
  if [ "$live" = none ] && [ "$came" != none ]; then
    [ "$(inode "$4")" = "$came" ] || refuse "what was staged for $2 is not what it was"
    mv -nT -- "$4" "$target" || exit 1
  elif [ "$live" != "$came" ]; then
    refuse "somebody else made $2"
  fi
  [ "$(inode "$target")" = "$came" ] || refuse "somebody else moved $2"
  sync -- "$folder" "$3" || exit 1
  if [ "$had" = none ]; then echo none; else echo displaced; fi
  shift 5
done
`;

/**
 * The same arguments. Every path is tried. Whatever came in since is moved out of the way, never removed: it goes with the
 * folder of the operation.
 */
export const REVERT_PATHS = `${COMMON}
put_back() {
  mkdir -p -m 700 -- "$3" && : >"$3/put-back" && sync -- "$3" || exit 1
  [ -f "$3/facts" ] || exit 0
  read_facts "$3"
  folder=\${was%/*} live=$(inode "$was")
  if [ "$live" != "$had" ]; then
    [ "$had" = none ] || [ "$(inode "$3/displaced")" = "$had" ] || refuse "somebody else moved $2"
    if [ "$live" = none ]; then
      :
    elif [ "$live" = "$came" ] && [ "$(inode "$4")" = none ]; then
      mkdir -p -m 700 -- "\${4%/*}" && mv -nT -- "$was" "$4" || exit 1
    elif [ "$had" = none ] && [ "$came" != none ] && [ "$(inode "$4")" = "$came" ]; then
      refuse "somebody else made $2"
    else
      mkdir -p -m 700 -- "$3/discard" && mv -nT -- "$was" "$3/discard/$live" || exit 1
    fi
    [ "$had" = none ] || mv -nT -- "$3/displaced" "$was" || exit 1
    [ "$(inode "$was")" = "$had" ] || refuse "$2 could not be put back"
  fi
  # Renames changed the time of the folder that holds it; an earlier life may have died after the last of them.
  touch -r "$3/look" -- "$folder"
  sync -- "$folder" "$3"
}
failed=0
while [ $# -gt 0 ]; do
  (put_back "$@") || failed=$?
  shift 5
done
exit $failed
`;

/** Arguments for each path: root, within, folder of ours. Prints for each whether it is kept, brings nothing, or is lost. */
export const LOOK_AT_PATHS = `${COMMON}
while [ $# -gt 0 ]; do
  if [ ! -f "$3/facts" ]; then
    echo lost
  else
    read_facts "$3"
    if [ "$(inode "$3/displaced")" != "$had" ]; then echo lost
    elif [ "$had" != none ] || [ "$(inode "$was")" != none ]; then echo kept
    else echo nothing; fi
  fi
  shift 3
done
`;

export const REMOVE = 'rm -rf -- "$@"';
