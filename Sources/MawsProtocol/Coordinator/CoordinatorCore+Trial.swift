import MawsBase

/// Who has shown that it answers. What others are leased stands in nobody's way: it is leased to a proven trainer as
/// well, once that has nothing else to do. So whoever comes, takes leases and never answers delays no step, however
/// often it comes.
extension CoordinatorCore {
    /// Each time that a proven trainer lets a unit become late, trainers with its certificate have to answer twice as
    /// often before they count as proven again, up to 2^10 times; a minute without takes one of those times back.
    static let doublingsMax = 10
    static let secondsOfAStall = 60.0

    /// Where nobody is proven, nobody is on trial.
    func isOnTrial(_ peer: PeerID, _ now: Moment) -> Bool {
        guard let trainer = trainers[peer], !isProven(trainer, now) else { return false }
        for other in answered where other != peer {
            guard let trainer = trainers[other], trainer.isReady, isProven(trainer, now) else { continue }
            if !isSetAside(trainer, now) { return true }
        }
        return false
    }

    private func isProven(_ trainer: Trainer, _ now: Moment) -> Bool {
        trainer.answers >= 1 << stallCount(trainer.certificate, now)
    }

    private func stallCount(_ certificate: String, _ now: Moment) -> Int {
        guard let (count, since) = stalls[certificate] else { return 0 }
        return max(0, count - Int(now.seconds(since: since) / Self.secondsOfAStall))
    }

    /// A trainer answered for something that it was leased, whether or not another was first.
    mutating func noteAnswer(_ peer: PeerID, lease: UInt64) {
        guard trainers[peer]?.openLeases.remove(lease) != nil else { return }
        trainers[peer]?.answers += 1
        answered.insert(peer)
    }

    /// Others have to compute what this trainer was leased, as it was counted on and does not answer in time.
    mutating func noteStall(_ peer: PeerID, _ now: Moment) {
        guard let trainer = trainers[peer], trainer.answers > 0 else { return }
        trainers[peer]?.answers = 0
        answered.remove(peer)
        let count = min(Self.doublingsMax, stallCount(trainer.certificate, now) + 1)
        stalls[trainer.certificate] = (count, now)
    }
}
