import MawsBase

/// How long steps wait for trainers that still read the version before, by the name in their certificate: an allowance
/// that fills slowly. Whoever has used it up loses its turn, and the step goes on.
struct ReaderPatience: Sendable {
    /// Longest wait of one step.
    static let secondsMax = 0.5
    /// Less is none: the shell looks at its clock that often.
    static let secondsMin = 0.1
    /// What an allowance grows by a second. Readers of eight certificates that never read take no more than a quarter
    /// of a shard's time.
    static let share = 0.03

    private var used: [String: (seconds: Double, since: Moment)] = [:]

    func seconds(of holder: String, _ now: Moment) -> Double {
        let left = Self.secondsMax - debt(of: holder, now)
        return left < Self.secondsMin ? 0 : left
    }

    /// A step waited so long for this holder.
    mutating func charge(_ holder: String, seconds: Double, _ now: Moment) {
        let debt = min(Self.secondsMax, debt(of: holder, now) + seconds)
        used = used.filter { self.debt(of: $0.key, now) > 0 }
        if debt > 0 { used[holder] = (debt, now) }
    }

    private func debt(of holder: String, _ now: Moment) -> Double {
        guard let (seconds, since) = used[holder] else { return 0 }
        return max(0, seconds - Self.share * now.seconds(since: since))
    }
}
