// Loaded into the processes of a live run before everything else: what the rig decides about a disk and a clock, it does
// where the C library is called. Files of other folders than the process's own are left alone.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

// Numbers in the page that the rig shares with a process, in this order: `FaultPage.Slot` in MawsLive is the same.
enum { DISK_FULL, SYNC_FAILS, SLOW_MICROSECONDS, CLOCK_SECONDS, CALLS_HIT, SLOT_COUNT };

static _Atomic int64_t *slots;
static char folder[PATH_MAX];
static size_t folder_length;

__attribute__((constructor)) static void begin(void) {
    const char *control = getenv("MAWS_RIG_CONTROL"), *own = getenv("MAWS_RIG_FOLDER"), *parent = getenv("MAWS_RIG_PARENT");
    if (!control || !own || !parent) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != atoi(parent)) _exit(1);
    int file = open(control, O_RDWR | O_CLOEXEC);
    if (file < 0) _exit(1);
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (page == MAP_FAILED || strlen(own) >= sizeof folder) _exit(1);
    folder_length = strlen(strcpy(folder, own));
    slots = page;
}

static int64_t slot(int index) { return slots ? atomic_load_explicit(&slots[index], memory_order_relaxed) : 0; }

static void hit(void) { atomic_fetch_add_explicit(&slots[CALLS_HIT], 1, memory_order_relaxed); }

static int is_own(int file) {
    char name[64], path[PATH_MAX];
    int length = 0;
    for (int digits = file; digits || !length; digits /= 10) name[length++] = '0' + digits % 10;
    char link[64] = "/proc/self/fd/";
    size_t start = strlen(link);
    for (int index = 0; index < length; index++) link[start + index] = name[length - 1 - index];
    link[start + length] = 0;
    ssize_t count = readlink(link, path, sizeof path);
    return count >= (ssize_t)folder_length && memcmp(path, folder, folder_length) == 0;
}

// The error that a call which writes to a file ends with, or 0.
static int write_error(int file) {
    if (!slot(DISK_FULL) && !slot(SLOW_MICROSECONDS)) return 0;
    int before = errno, own = is_own(file);
    errno = before;
    if (!own) return 0;
    hit();
    if (slot(SLOW_MICROSECONDS)) usleep((useconds_t)slot(SLOW_MICROSECONDS));
    return slot(DISK_FULL) ? ENOSPC : 0;
}

static int sync_error(void) {
    if (!slot(SYNC_FAILS) && !slot(SLOW_MICROSECONDS)) return 0;
    hit();
    if (slot(SLOW_MICROSECONDS)) usleep((useconds_t)slot(SLOW_MICROSECONDS));
    return slot(SYNC_FAILS) ? EIO : 0;
}

#define NEXT(type, name, ...)                                                   \
    static type (*next)(__VA_ARGS__);                                           \
    if (!next) next = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name);

#define FAIL_IF(expression)                                                     \
    do {                                                                        \
        int error = (expression);                                               \
        if (error) { errno = error; return -1; }                                \
    } while (0)

ssize_t write(int file, const void *bytes, size_t count) {
    NEXT(ssize_t, "write", int, const void *, size_t)
    FAIL_IF(write_error(file));
    return next(file, bytes, count);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
    NEXT(ssize_t, "pwrite", int, const void *, size_t, off_t)
    FAIL_IF(write_error(file));
    return next(file, bytes, count, offset);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
    NEXT(ssize_t, "pwrite64", int, const void *, size_t, off64_t)
    FAIL_IF(write_error(file));
    return next(file, bytes, count, offset);
}

ssize_t writev(int file, const struct iovec *parts, int count) {
    NEXT(ssize_t, "writev", int, const struct iovec *, int)
    FAIL_IF(write_error(file));
    return next(file, parts, count);
}

int fallocate(int file, int mode, off_t offset, off_t length) {
    NEXT(int, "fallocate", int, int, off_t, off_t)
    FAIL_IF(write_error(file));
    return next(file, mode, offset, length);
}

int posix_fallocate(int file, off_t offset, off_t length) {
    NEXT(int, "posix_fallocate", int, off_t, off_t)
    int error = write_error(file);
    return error ? error : next(file, offset, length);
}

int fsync(int file) {
    NEXT(int, "fsync", int)
    if (slots && (slot(SYNC_FAILS) || slot(SLOW_MICROSECONDS)) && is_own(file)) FAIL_IF(sync_error());
    return next(file);
}

int fdatasync(int file) {
    NEXT(int, "fdatasync", int)
    if (slots && (slot(SYNC_FAILS) || slot(SLOW_MICROSECONDS)) && is_own(file)) FAIL_IF(sync_error());
    return next(file);
}

int msync(void *address, size_t length, int flags) {
    NEXT(int, "msync", void *, size_t, int)
    FAIL_IF(sync_error());
    return next(address, length, flags);
}

// The wall clock jumps; the monotonic clock never does.
int clock_gettime(clockid_t clock, struct timespec *time) {
    NEXT(int, "clock_gettime", clockid_t, struct timespec *)
    int result = next(clock, time);
    if (result == 0 && clock == CLOCK_REALTIME) time->tv_sec += slot(CLOCK_SECONDS);
    return result;
}

int gettimeofday(struct timeval *restrict value, void *restrict zone) {
    NEXT(int, "gettimeofday", struct timeval *, void *)
    int result = next(value, zone);
    if (result == 0) value->tv_sec += slot(CLOCK_SECONDS);
    return result;
}

time_t time(time_t *value) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (value) *value = now.tv_sec;
    return now.tv_sec;
}
