/* LD_PRELOAD: the wall clock, and what the kernel says of it, as the file named in WALL says:
 * seconds to be added, and 1 or 0 for synchronised. Monotonic clocks are left alone. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static int told(long *offset_s) {
    int is_synced = 1;
    *offset_s = 0;
    FILE *file = fopen(getenv("WALL"), "re");
    if (file && fscanf(file, "%ld %d", offset_s, &is_synced) != 2) abort();
    if (file) fclose(file);
    return is_synced;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    long offset_s = 0;
    if (clock == CLOCK_REALTIME) told(&offset_s);
    int result = syscall(SYS_clock_gettime, clock, now);
    now->tv_sec += offset_s;
    return result;
}

time_t time(time_t *where) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (where) *where = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict where, void *restrict zone) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    where->tv_sec = now.tv_sec;
    where->tv_usec = now.tv_nsec / 1000;
    return zone ? syscall(SYS_gettimeofday, NULL, zone) : 0;
}

int adjtimex(struct timex *about) {
    long offset_s;
    int is_synced = told(&offset_s);
    about->status = is_synced ? 0 : STA_UNSYNC;
    return is_synced ? TIME_OK : TIME_ERROR;
}
