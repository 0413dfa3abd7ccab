/// How the positions of one group of shards are dealt to its stripes: a unit's worth at a time, one stripe after the
/// other.
///
/// Stripes are equal parts of the group, one sample apart at most. A stripe's samples are taken in its own order, named
/// by their offset in it. What is left before the first whole unit and after the last whole round is dealt stripe by
/// stripe.
struct StripeDeal {
    private let count: Int
    private let stripes: Int
    private let unit: Int
    /// Positions before the first slot that is a multiple of the unit.
    private let head: Int
    /// Rounds in which every stripe gets a unit.
    private let rounds: Int

    /// - Parameters:
    ///   - count: positions of the group, above 0.
    ///   - firstSlot: the slot of its first position.
    init(count: Int, stripes: Int, unit: Int, firstSlot: UInt64) {
        self.count = count
        self.stripes = min(stripes, count)
        self.unit = unit
        head = min(count, (unit - Int(firstSlot % UInt64(unit))) % unit)
        rounds = (count - head) / (self.stripes * unit)
    }

    func place(_ position: Int) -> (stripe: Int, offset: Int) {
        guard position >= head else { return leftOver(position) }
        let dealt = position - head
        guard dealt < rounds * stripes * unit else { return leftOver(position - rounds * stripes * unit) }
        let run = dealt / unit
        return (run % stripes, run / stripes * unit + dealt % unit)
    }

    /// The part of the group that a stripe is.
    func part(_ stripe: Int) -> Range<Int> { start(stripe)..<start(stripe + 1) }

    private func start(_ stripe: Int) -> Int { stripe * (count / stripes) + min(stripe, count % stripes) }

    /// What the rounds leave of the stripes, stripe after stripe.
    private func leftOver(_ number: Int) -> (stripe: Int, offset: Int) {
        let each = count / stripes - rounds * unit
        let larger = count % stripes
        if number < larger * (each + 1) {
            return (number / (each + 1), rounds * unit + number % (each + 1))
        }
        let rest = number - larger * (each + 1)
        return (larger + rest / each, rounds * unit + rest % each)
    }
}
