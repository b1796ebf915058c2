/*
 * A view of a folder in which every look costs one round trip, as on NFS: lookup or getattr, open, read, close, and
 * each 100 entries of a listing. Attributes are kept by the kernel for as long as it is told with -o attr_timeout and
 * entry_timeout. Extended attributes are answered without a round trip (there are none), as over NFSv3 and 4.1.
 * The latency is in nanoseconds in LATENCY_NS, the folder in SOURCE.
 */
#define FUSE_USE_VERSION 312
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ENTRIES_PER_TRIP 100

static const char *source;
static long latency_ns;

static void round_trip(void) {
  struct timespec pause = {.tv_sec = 0, .tv_nsec = latency_ns};
  nanosleep(&pause, NULL);
}

static int real_path(const char *path, char *out) {
  return snprintf(out, PATH_MAX, "%s%s", source, path) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static void *fs_init(struct fuse_conn_info *connection, struct fuse_config *config) {
  config->use_ino = 1; /* restic takes a file for changed when its inode is another one */
  config->nullpath_ok = 0;
  connection->want &= ~(FUSE_CAP_READDIRPLUS | FUSE_CAP_READDIRPLUS_AUTO);
  return NULL;
}

static int fs_getattr(const char *path, struct stat *found, struct fuse_file_info *file) {
  (void)file;
  char real[PATH_MAX];
  if (real_path(path, real) != 0) return -ENAMETOOLONG;
  round_trip();
  return lstat(real, found) == 0 ? 0 : -errno;
}

static int fs_readlink(const char *path, char *out, size_t size) {
  char real[PATH_MAX];
  if (real_path(path, real) != 0) return -ENAMETOOLONG;
  round_trip();
  ssize_t length = readlink(real, out, size - 1);
  if (length < 0) return -errno;
  out[length] = '\0';
  return 0;
}

static int fs_readdir(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset,
                      struct fuse_file_info *file, enum fuse_readdir_flags flags) {
  (void)offset, (void)file, (void)flags;
  char real[PATH_MAX];
  if (real_path(path, real) != 0) return -ENAMETOOLONG;
  DIR *folder = opendir(real);
  if (folder == NULL) return -errno;
  struct dirent *entry;
  for (long count = 0; (entry = readdir(folder)) != NULL; count++) {
    if (count % ENTRIES_PER_TRIP == 0) round_trip();
    struct stat known = {.st_ino = entry->d_ino, .st_mode = DTTOIF(entry->d_type)};
    if (fill(buffer, entry->d_name, &known, 0, 0) != 0) break;
  }
  closedir(folder);
  return 0;
}

static int fs_open(const char *path, struct fuse_file_info *file) {
  char real[PATH_MAX];
  if (real_path(path, real) != 0) return -ENAMETOOLONG;
  if ((file->flags & O_ACCMODE) != O_RDONLY) return -EROFS;
  round_trip();
  int opened = open(real, O_RDONLY);
  if (opened < 0) return -errno;
  file->fh = (uint64_t)opened;
  return 0;
}

static int fs_read(const char *path, char *out, size_t size, off_t offset, struct fuse_file_info *file) {
  (void)path;
  round_trip();
  ssize_t length = pread((int)file->fh, out, size, offset);
  return length < 0 ? -errno : (int)length;
}

static int fs_release(const char *path, struct fuse_file_info *file) {
  (void)path;
  round_trip();
  close((int)file->fh);
  return 0;
}

static const struct fuse_operations operations = {
    .init = fs_init,
    .getattr = fs_getattr,
    .readlink = fs_readlink,
    .readdir = fs_readdir,
    .open = fs_open,
    .read = fs_read,
    .release = fs_release,
};

int main(int count, char **words) {
  source = getenv("SOURCE");
  const char *latency = getenv("LATENCY_NS");
  if (source == NULL || latency == NULL) {
    fprintf(stderr, "SOURCE and LATENCY_NS are needed\n");
    return 2;
  }
  latency_ns = atol(latency);
  return fuse_main(count, words, &operations, NULL);
}
