#pragma once

#include <stdint.h>

/// Counts what some threads ask of the allocator and of their sockets and files: the process's own malloc, read, write
/// and pthread_create stand before those of the C library and count for the group that the calling thread belongs to.
/// A thread belongs to the group of the thread that started it.
typedef struct MawsCounts {
    uint64_t allocations, allocated_bytes;
    /// Calls of read, write, send and recv.
    uint64_t transfers;
} MawsCounts;

/// Whether this build counts: not under a sanitizer, which has an allocator of its own.
int maws_counts_work(void);
/// Puts the calling thread into a new group, and gives the group's number.
int maws_count_begin(void);
/// Puts the calling thread into `group`; 0 is the group of those that are not counted.
void maws_count_in(int group);
MawsCounts maws_counts(int group);
