/* LD_PRELOAD: every fifth pwrite and write to a regular file takes fewer bytes than it was given. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_ulong calls;

static size_t cut(int fd, size_t count) {
    struct stat about;
    if (count < 2 || fstat(fd, &about) || !S_ISREG(about.st_mode)) return count;
    unsigned long call = atomic_fetch_add(&calls, 1);
    return call % 5 ? count : 1 + call * 2654435761u % (count - 1);
}

ssize_t pwrite64(int fd, const void *data, size_t count, off64_t offset) {
    ssize_t (*next)(int, const void *, size_t, off64_t) = dlsym(RTLD_NEXT, "pwrite64");
    return next(fd, data, cut(fd, count), offset);
}

ssize_t write(int fd, const void *data, size_t count) {
    ssize_t (*next)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
    return next(fd, data, cut(fd, count));
}
