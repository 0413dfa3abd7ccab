import MawsBase
import MawsWire

/// Where a trainer's time went in one stage: one line of its log, which tells a slow machine from a starved one.
struct WorkTally {
    private(set) var stage: StageIndex?
    /// Names of the plan's stages, in order; empty until there is a plan.
    var stageNames: [String] = []
    private var units = 0
    private var computeSeconds = 0.0
    private var waitSeconds = 0.0
    private var dataSeconds = 0.0
    private var idleSeconds = 0.0
    private var idleSince: Moment?

    mutating func asked(_ now: Moment) { idleSince = now }

    /// A lease came. The line of the stage before, when this one is of another stage.
    mutating func leased(_ lease: Lease, _ now: Moment) -> String? {
        let finished = lease.stage == stage ? nil : line
        if finished != nil { self = WorkTally(idleSince: idleSince, stageNames: stageNames) }
        stage = lease.stage
        idleSeconds += idleSince.map { now.seconds(since: $0) } ?? 0
        idleSince = nil
        return finished
    }

    mutating func done(_ unit: ComputedUnit) {
        units += 1
        computeSeconds += unit.done.computeSeconds
        waitSeconds += unit.done.waitSeconds - unit.dataSeconds
        dataSeconds += unit.dataSeconds
    }

    /// Nil before the first unit.
    var line: String? {
        guard let stage, units > 0 else { return nil }
        let number = Int(stage.value)
        let name = stageNames.indices.contains(number) ? stageNames[number] : "number \(number + 1)"
        let (compute, wait) = (SecondsText.tenths(computeSeconds), SecondsText.tenths(waitSeconds))
        let (data, idle) = (SecondsText.tenths(dataSeconds), SecondsText.tenths(idleSeconds))
        return
            "stage \(name): \(units) units, \(compute) s of computing, \(wait) s of waiting for shards, "
            + "\(data) s for data, \(idle) s without work"
    }

    init() {}
    private init(idleSince: Moment?, stageNames: [String]) {
        (self.idleSince, self.stageNames) = (idleSince, stageNames)
    }
}
