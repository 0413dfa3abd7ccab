#define _GNU_SOURCE
#include "CAllocationCounter.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GROUPS 256

typedef struct {
    _Atomic uint64_t allocations, bytes, transfers;
} Counters;

static Counters counters[GROUPS];
static _Atomic int group_count = 1;
static _Thread_local int own_group;

int maws_count_begin(void) {
    int group = atomic_fetch_add(&group_count, 1);
    own_group = group < GROUPS ? group : 0;
    return own_group;
}

void maws_count_in(int group) { own_group = group; }

MawsCounts maws_counts(int group) {
    Counters *from = &counters[group];
    return (MawsCounts){atomic_load(&from->allocations), atomic_load(&from->bytes), atomic_load(&from->transfers)};
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_OTHER_ALLOCATOR
#endif
#endif

#ifdef HAS_OTHER_ALLOCATOR

int maws_counts_work(void) { return 0; }

#else

int maws_counts_work(void) { return 1; }

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

static inline void count_allocation(size_t bytes) {
    if (own_group == 0) return;
    atomic_fetch_add_explicit(&counters[own_group].allocations, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&counters[own_group].bytes, bytes, memory_order_relaxed);
}

static inline void count_transfer(void) {
    if (own_group != 0) atomic_fetch_add_explicit(&counters[own_group].transfers, 1, memory_order_relaxed);
}

void *malloc(size_t bytes) {
    count_allocation(bytes);
    return __libc_malloc(bytes);
}

void *calloc(size_t count, size_t each) {
    count_allocation(count * each);
    return __libc_calloc(count, each);
}

void *realloc(void *memory, size_t bytes) {
    count_allocation(bytes);
    return __libc_realloc(memory, bytes);
}

void *memalign(size_t alignment, size_t bytes) {
    count_allocation(bytes);
    return __libc_memalign(alignment, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) {
    count_allocation(bytes);
    return __libc_memalign(alignment, bytes);
}

int posix_memalign(void **memory, size_t alignment, size_t bytes) {
    count_allocation(bytes);
    void *made = __libc_memalign(alignment, bytes);
    if (!made) return ENOMEM;
    *memory = made;
    return 0;
}

ssize_t read(int file, void *bytes, size_t count) {
    count_transfer();
    return syscall(SYS_read, file, bytes, count);
}

ssize_t write(int file, const void *bytes, size_t count) {
    count_transfer();
    return syscall(SYS_write, file, bytes, count);
}

ssize_t recv(int file, void *bytes, size_t count, int flags) {
    count_transfer();
    return syscall(SYS_recvfrom, file, bytes, count, flags, NULL, NULL);
}

ssize_t send(int file, const void *bytes, size_t count, int flags) {
    count_transfer();
    return syscall(SYS_sendto, file, bytes, count, flags, NULL, 0);
}

typedef struct {
    void *(*body)(void *);
    void *argument;
    int group;
} Start;

static void *run_in_group(void *memory) {
    Start start = *(Start *)memory;
    free(memory);
    own_group = start.group;
    return start.body(start.argument);
}

int pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument) {
    typedef int (*Create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    static _Atomic(Create) known;
    Create others = atomic_load(&known);
    if (!others) {
        others = (Create)dlsym(RTLD_NEXT, "pthread_create");
        atomic_store(&known, others);
    }
    Start *start = __libc_malloc(sizeof *start);
    if (!start) return EAGAIN;
    *start = (Start){body, argument, own_group};
    int result = others(thread, attributes, run_in_group, start);
    if (result != 0) free(start);
    return result;
}

#endif
