/* An LD_PRELOAD library between a program and its files: passes on each change below one folder, and then
 * records it in a journal, as it does every sync, in the order in which they happened. From the journal alone
 * the test can compute what a power cut would have left. A change that it cannot represent becomes an 'X', at
 * which the test fails.
 *
 * The environment names the folder (TEAHOUSE_WATCH_FOLDER, without symbolic links) and the journal
 * (TEAHOUSE_WATCH_JOURNAL), which lies outside the folder. Changes are recorded when they are done, closes
 * before, and a sync at both ends, so that nothing counts as synced that was not written before the sync
 * began. SQLite's index of the write-ahead log (-shm) is left out, since it is shared memory and rebuilt. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define DESCRIPTORS 65536

/* The header of a record; the name and the data follow. */
struct head {
    uint32_t magic;
    uint32_t kind;
    int32_t fd;
    uint32_t name_bytes;
    uint64_t number; /* an offset, a length, open's flags, or the number of a sync */
    uint64_t data_bytes;
    uint64_t nanoseconds;
};

static int journal = -1;
static char folder[PATH_MAX];
static size_t folder_bytes;
static atomic_bool watched[DESCRIPTORS];
static atomic_ulong syncs;

static void give_up(const char *why) {
    (void)!syscall(SYS_write, 2, why, strlen(why));
    _exit(97);
}

static void note(char kind, int fd, uint64_t number, const char *name, size_t name_bytes, const void *data,
                 size_t data_bytes) {
    struct timespec now;
    int before = errno;
    clock_gettime(CLOCK_REALTIME, &now);
    struct head head = {0x54454148, (uint32_t)kind, fd, (uint32_t)name_bytes, number, data_bytes,
                        (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec};
    struct iovec parts[3] = {{&head, sizeof head}, {(void *)name, name_bytes}, {(void *)data, data_bytes}};
    ssize_t all = (ssize_t)(sizeof head + name_bytes + data_bytes);
    /* One write at the end of the file, so that records of several threads do not interleave. */
    if (syscall(SYS_writev, journal, parts, 3) != all) give_up("watch: the journal cannot be written\n");
    errno = before;
}

static void cannot(const char *what) {
    if (journal >= 0) note('X', -1, 0, what, strlen(what), NULL, 0);
}

__attribute__((constructor)) static void begin(void) {
    const char *where = getenv("TEAHOUSE_WATCH_FOLDER");
    const char *path = getenv("TEAHOUSE_WATCH_JOURNAL");
    if (!where || !path) give_up("watch: the environment names no folder and no journal\n");
    folder_bytes = strlen(where);
    memcpy(folder, where, folder_bytes + 1);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) give_up("watch: the journal cannot be opened\n");
    journal = fd;
}

/* Returns the name below the folder, empty for the folder itself; NULL for a path outside it or for -shm. */
static const char *below(const char *path) {
    size_t bytes = strlen(path);
    if (folder_bytes == 0 || strncmp(path, folder, folder_bytes) != 0) return NULL;
    if (path[folder_bytes] == 0) return path + folder_bytes;
    if (path[folder_bytes] != '/') return NULL;
    if (bytes >= 4 && strcmp(path + bytes - 4, "-shm") == 0) return NULL;
    return path + folder_bytes + 1;
}

/* Does the same for a name that need not exist; resolves relative ones as far as the tested program needs. */
static const char *named(int at, const char *path, char *space) {
    if (path[0] == '/') return below(path);
    if (at != AT_FDCWD) {
        if (at >= 0 && at < DESCRIPTORS && watched[at]) cannot("a name relative to a directory");
        return NULL;
    }
    if (!getcwd(space, PATH_MAX) || strlen(space) + strlen(path) + 2 > PATH_MAX) return NULL;
    strcat(space, "/");
    strcat(space, path);
    return below(space);
}

static int is_watched(int fd) { return journal >= 0 && fd >= 0 && fd < DESCRIPTORS && watched[fd]; }

static int opened(int fd, int flags) {
    if (fd < 0 || journal < 0) return fd;
    char link[64], path[PATH_MAX];
    int before = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t bytes = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    errno = before;
    if (bytes < 0) return fd;
    path[bytes] = 0;
    const char *name = below(path);
    if (fd >= DESCRIPTORS) {
        if (name) cannot("a descriptor beyond the table");
        return fd;
    }
    watched[fd] = name != NULL;
    if (!name) return fd;
    if (flags & (O_DSYNC | O_DIRECT)) cannot("a file that syncs by itself or goes round the cache");
    if ((flags & O_TMPFILE) == O_TMPFILE) cannot("a file without a name");
    note('O', fd, (uint64_t)(unsigned)flags, name, strlen(name), NULL, 0);
    return fd;
}

static int open_at(int at, const char *path, int flags, mode_t mode) {
    return opened((int)syscall(SYS_openat, at, path, flags, mode), flags);
}

#define MODE(flags)                                  \
    mode_t mode = 0;                                 \
    if ((flags) & (O_CREAT | O_TMPFILE)) {           \
        va_list rest;                                \
        va_start(rest, flags);                       \
        mode = (mode_t)va_arg(rest, int);            \
        va_end(rest);                                \
    }

int open(const char *path, int flags, ...) { MODE(flags) return open_at(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return open_at(AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE(flags) return open_at(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE(flags) return open_at(at, path, flags, mode); }
int creat(const char *path, mode_t mode) {
    return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

int close(int fd) {
    if (is_watched(fd)) {
        watched[fd] = 0;
        note('C', fd, 0, NULL, 0, NULL, 0);
    }
    return (int)syscall(SYS_close, fd);
}

ssize_t write(int fd, const void *data, size_t bytes) {
    ssize_t done = syscall(SYS_write, fd, data, bytes);
    if (done > 0 && is_watched(fd)) {
        off_t end = (off_t)syscall(SYS_lseek, fd, 0, SEEK_CUR);
        note('W', fd, (uint64_t)(end - done), NULL, 0, data, (size_t)done);
    }
    return done;
}

ssize_t pwrite64(int fd, const void *data, size_t bytes, off64_t offset) {
    ssize_t done = syscall(SYS_pwrite64, fd, data, bytes, offset);
    if (done > 0 && is_watched(fd)) note('W', fd, (uint64_t)offset, NULL, 0, data, (size_t)done);
    return done;
}
ssize_t pwrite(int fd, const void *data, size_t bytes, off_t offset) { return pwrite64(fd, data, bytes, offset); }

int ftruncate64(int fd, off64_t length) {
    int failed = (int)syscall(SYS_ftruncate, fd, length);
    if (!failed && is_watched(fd)) note('T', fd, (uint64_t)length, NULL, 0, NULL, 0);
    return failed;
}
int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

static int synced(int fd, long call) {
    if (!is_watched(fd)) return (int)syscall(call, fd);
    uint64_t which = atomic_fetch_add(&syncs, 1);
    note('B', fd, which, NULL, 0, NULL, 0);
    int failed = (int)syscall(call, fd);
    if (!failed) note('E', fd, which, NULL, 0, NULL, 0);
    return failed;
}
int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

static int remove_at(int at, const char *path, int flags) {
    char space[PATH_MAX];
    const char *name = journal >= 0 ? named(at, path, space) : NULL;
    int failed = (int)syscall(SYS_unlinkat, at, path, flags);
    if (!failed && name) {
        if (flags & AT_REMOVEDIR) cannot("a directory that is removed");
        note('U', -1, 0, name, strlen(name), NULL, 0);
    }
    return failed;
}
int unlink(const char *path) { return remove_at(AT_FDCWD, path, 0); }
int unlinkat(int at, const char *path, int flags) { return remove_at(at, path, flags); }
int rmdir(const char *path) { return remove_at(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char *path) { return remove_at(AT_FDCWD, path, 0); }

int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags) {
    char from_space[PATH_MAX], to_space[PATH_MAX];
    const char *old = journal >= 0 ? named(from_at, from, from_space) : NULL;
    const char *new = journal >= 0 ? named(to_at, to, to_space) : NULL;
    int failed = (int)syscall(SYS_renameat2, from_at, from, to_at, to, flags);
    if (!failed && (old || new)) {
        if (!old || !new || flags) cannot("a file that is moved across the border of the folder");
        else note('R', -1, 0, old, strlen(old), new, strlen(new));
    }
    return failed;
}
int renameat(int from_at, const char *from, int to_at, const char *to) {
    return renameat2(from_at, from, to_at, to, 0);
}
int rename(const char *from, const char *to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }

void *mmap64(void *address, size_t bytes, int protection, int flags, int fd, off64_t offset) {
    if (is_watched(fd) && (flags & MAP_SHARED) && (protection & PROT_WRITE)) cannot("a file that is memory");
    return (void *)syscall(SYS_mmap, address, bytes, protection, flags, fd, offset);
}
void *mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset) {
    return mmap64(address, bytes, protection, flags, fd, offset);
}

/* Calls that the tested program does not make, and that would have to be recorded if it did. */

int mkdir(const char *path, mode_t mode) {
    char space[PATH_MAX];
    const char *name = journal >= 0 ? named(AT_FDCWD, path, space) : NULL;
    int failed = (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    if (!failed && name) cannot("a directory in the folder");
    return failed;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    if (is_watched(fd)) cannot("writev");
    return syscall(SYS_writev, fd, parts, count);
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
    if (is_watched(fd)) cannot("pwritev");
    return syscall(SYS_pwritev, fd, parts, count, offset, 0);
}
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset) {
    return pwritev(fd, parts, count, offset);
}
ssize_t copy_file_range(int in, off64_t *in_offset, int out, off64_t *out_offset, size_t bytes, unsigned flags) {
    if (is_watched(out)) cannot("copy_file_range");
    return syscall(SYS_copy_file_range, in, in_offset, out, out_offset, bytes, flags);
}
ssize_t sendfile64(int out, int in, off64_t *offset, size_t bytes) {
    if (is_watched(out)) cannot("sendfile");
    return syscall(SYS_sendfile, out, in, offset, bytes);
}
ssize_t sendfile(int out, int in, off_t *offset, size_t bytes) { return sendfile64(out, in, offset, bytes); }
int fallocate64(int fd, int mode, off64_t offset, off64_t bytes) {
    if (is_watched(fd)) cannot("fallocate");
    return (int)syscall(SYS_fallocate, fd, mode, offset, bytes);
}
int fallocate(int fd, int mode, off_t offset, off_t bytes) { return fallocate64(fd, mode, offset, bytes); }
int posix_fallocate64(int fd, off64_t offset, off64_t bytes) {
    return fallocate64(fd, 0, offset, bytes) ? errno : 0;
}
int posix_fallocate(int fd, off_t offset, off_t bytes) { return posix_fallocate64(fd, offset, bytes); }
int dup(int fd) {
    if (is_watched(fd)) cannot("dup");
    return (int)syscall(SYS_dup, fd);
}
int dup3(int fd, int other, int flags) {
    if (is_watched(fd) || is_watched(other)) cannot("dup3");
    return (int)syscall(SYS_dup3, fd, other, flags);
}
int dup2(int fd, int other) { return fd == other ? fd : dup3(fd, other, 0); }
