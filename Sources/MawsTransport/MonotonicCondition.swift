import Glibc
import MawsBase

/// A lock, and a wait for what it guards to change. Deadlines are of the monotonic clock: one that is set, by a person
/// or a time server, neither stretches a wait nor ends it.
package final class MonotonicCondition: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    package init() {
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        let isMade = pthread_mutex_init(mutex, nil) == 0 && pthread_cond_init(condition, &attributes) == 0
        precondition(isMade, "the system has no memory left for a lock")
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    package func lock() { pthread_mutex_lock(mutex) }
    package func unlock() { pthread_mutex_unlock(mutex) }
    package func signal() { pthread_cond_signal(condition) }
    package func broadcast() { pthread_cond_broadcast(condition) }

    /// Lets the lock go until somebody says that something changed; it may return without that, too.
    package func wait() { pthread_cond_wait(condition, mutex) }

    /// The same, at most until a moment. Returns false once that has passed.
    package func wait(until deadline: Moment) -> Bool {
        let seconds = deadline.seconds(since: .now())
        guard seconds > 0 else { return false }
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let nanoseconds = Double(time.tv_nsec) + seconds.truncatingRemainder(dividingBy: 1) * 1e9
        // A year is as good as for ever.
        time.tv_sec += Int(min(seconds, 3e7)) + Int(nanoseconds / 1e9)
        time.tv_nsec = Int(nanoseconds.truncatingRemainder(dividingBy: 1e9))
        pthread_cond_timedwait(condition, mutex, &time)
        return deadline > .now()
    }
}
