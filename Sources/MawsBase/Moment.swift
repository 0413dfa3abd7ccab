/// A point on a monotonic clock. Cores receive it as an argument; they never read a clock themselves.
package struct Moment: Hashable, Comparable, Codable, Sendable {
    package var nanoseconds: UInt64

    package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    package static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }

    /// A hundred years later at most.
    package static func + (moment: Self, seconds: Double) -> Self {
        Moment(nanoseconds: moment.nanoseconds + UInt64(min(max(0, seconds), 3.2e9) * 1e9))
    }

    /// Seconds from `earlier` to this moment; 0 when `earlier` lies later.
    package func seconds(since earlier: Self) -> Double {
        nanoseconds > earlier.nanoseconds ? Double(nanoseconds - earlier.nanoseconds) / 1e9 : 0
    }

    /// The machine's monotonic clock. For shells only.
    package static func now() -> Self {
        Moment(nanoseconds: UInt64(ContinuousClock.now.nanosecondsSinceReference))
    }
}

private let reference = ContinuousClock.now

extension ContinuousClock.Instant {
    fileprivate var nanosecondsSinceReference: Int64 {
        let (seconds, attoseconds) = (self - reference).components
        return max(0, seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
