/// How the positions of one group of shards are dealt to its lanes: a unit's worth at a time, one lane after the other.
///
/// Lanes are equal parts of the group, one sample apart at most. A lane's samples are taken in its own order, named by
/// their offset in it. What is left before the first whole unit and after the last whole round is dealt lane by lane.
struct LaneDeal {
    private let count: Int
    private let lanes: Int
    private let unit: Int
    /// Positions before the first slot that is a multiple of the unit.
    private let head: Int
    /// Rounds in which every lane gets a unit.
    private let rounds: Int

    /// - Parameters:
    ///   - count: positions of the group, above 0.
    ///   - firstSlot: the slot of its first position.
    init(count: Int, lanes: Int, unit: Int, firstSlot: UInt64) {
        self.count = count
        self.lanes = min(lanes, count)
        self.unit = unit
        head = min(count, (unit - Int(firstSlot % UInt64(unit))) % unit)
        rounds = (count - head) / (self.lanes * unit)
    }

    func place(_ position: Int) -> (lane: Int, offset: Int) {
        guard position >= head else { return leftOver(position) }
        let dealt = position - head
        guard dealt < rounds * lanes * unit else { return leftOver(position - rounds * lanes * unit) }
        let run = dealt / unit
        return (run % lanes, run / lanes * unit + dealt % unit)
    }

    /// The part of the group that a lane is.
    func part(_ lane: Int) -> Range<Int> { start(lane)..<start(lane + 1) }

    private func start(_ lane: Int) -> Int { lane * (count / lanes) + min(lane, count % lanes) }

    /// What the rounds leave of the lanes, lane after lane.
    private func leftOver(_ number: Int) -> (lane: Int, offset: Int) {
        let each = count / lanes - rounds * unit
        let larger = count % lanes
        if number < larger * (each + 1) {
            return (number / (each + 1), rounds * unit + number % (each + 1))
        }
        let rest = number - larger * (each + 1)
        return (larger + rest / each, rounds * unit + rest % each)
    }
}
