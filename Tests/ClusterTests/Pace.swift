import Foundation
import Glibc

/// What a run did in a time.
struct Pace: CustomStringConvertible {
    var commits = 0
    var seconds = 0.0
    /// What all its processes had.
    var processorSeconds = 0.0

    /// Commits a second.
    var rate: Double { Double(commits) / seconds }

    /// Seconds of the cores for each commit.
    var cost: Double { processorSeconds / Double(commits) }

    static func += (sum: inout Pace, other: Pace) {
        sum.commits += other.commits
        sum.seconds += other.seconds
        sum.processorSeconds += other.processorSeconds
    }

    var description: String {
        String(format: "%.1f commits/s of %.0f ms of the cores each", rate, 1000 * cost)
    }
}

/// How much of a core this thread takes from now on.
struct BusyShare {
    private let start = (Self.now(CLOCK_MONOTONIC), Self.now(CLOCK_THREAD_CPUTIME_ID))

    var value: Double { busySeconds / (Self.now(CLOCK_MONOTONIC) - start.0) }

    private var busySeconds: Double { Self.now(CLOCK_THREAD_CPUTIME_ID) - start.1 }

    /// A moment that brings the share nearer to this one.
    func keep(_ share: Double) {
        guard value < share else { return Thread.sleep(forTimeInterval: 0.001) }
        let until = busySeconds + 0.001
        while busySeconds < until {}
    }

    private static func now(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
    }
}
