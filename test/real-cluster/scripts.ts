/** Run by `sh -c` in a Job; `/data` is the volume. Only what busybox has too. */

/** Bytes that are the same each time, with owners, modes, times and links that a copy must keep. */
export const WRITE = `
set -e
cd /data
mkdir -p tree/deep/er tree/empty
for number in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  seq 1 $((number * 500)) > tree/deep/file-$number
done
head -c 3000000 /dev/zero | tr '\\0' 'x' > tree/large
echo 'only theirs' > tree/secret
ln tree/secret tree/again
ln -s deep/file-1 tree/latest
ln -s nowhere tree/broken
chown -h 8536:26 tree/secret tree/deep/er tree/latest
chmod 0600 tree/secret
chmod 0750 tree/deep
chmod 2770 tree/empty
touch -d '2024-02-29 12:34:56' tree/large tree/deep/file-3
sync
`;

/** Changed, removed and added. */
export const CHANGE = `
set -e
cd /data
echo changed > tree/secret
rm -r tree/deep/file-2 tree/empty
mkdir new && echo 'made since' > new/file
chmod 0777 tree/deep
sync
`;

/** One line for each entry: all that a copy must keep. What file systems make of folders themselves is left out. */
export const LIST = `
set -e
cd /data
find . -mindepth 1 ! -path './lost+found*' | LC_ALL=C sort | while read -r path; do
  if [ -L "$path" ]; then stat -c '%N %u:%g' "$path"
  elif [ -f "$path" ]; then echo "$(stat -c '%n %a %u:%g %h %Y' "$path") $(sha256sum < "$path")"
  else stat -c '%n %a %u:%g' "$path"
  fi
done
echo END
`;
