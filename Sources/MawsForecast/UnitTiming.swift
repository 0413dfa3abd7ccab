import MawsBase
import MawsData
import MawsKernels
import MawsPlan
import MawsTensor
import MawsTraining
import Synchronization

/// Seconds that a trainer computes at a unit while the others compute theirs: timed, on the stage's own code and data.
///
/// A unit that takes long is timed on some of its samples, with one block in each tower and then with two in one of
/// them: the blocks of a tower are alike, so the difference is what each further one adds.
struct UnitTiming {
    /// Seconds of a version's first unit, for which weights are packed, and of every other.
    var first: Double
    var other: Double
    /// False where the memory for timing was too little: these are the seconds of the products alone then.
    var isTimed = true

    /// What is timed at once takes about this long, and is repeated for so long.
    fileprivate static let budgetSeconds = 0.3

    init(
        plan: Plan, stage: StagePlan, batch: UnitBatch, choice: MemoryChoice, machine: ForecastMachine
    ) throws {
        let trial = Trial(machine: machine, choice: choice)
        guard batch.count > 0, machine.productRate > 0 else {
            (first, other) = (0, 0)
            return
        }
        let whole = machine.seconds(ofUnit: stage, in: plan, samples: batch.count)
        if whole <= Self.budgetSeconds, try trial.fits(plan, stage, samples: batch.count) {
            self = try trial.time(plan, stage, batch)
            return
        }
        guard let timing = try Self.time(plan, stage, batch, trial) else {
            (first, other, isTimed) = (whole, whole, false)
            return
        }
        self = timing
    }

    /// Times some samples with few blocks; nil where not even those fit the memory for it.
    private static func time(
        _ plan: Plan, _ stage: StagePlan, _ batch: UnitBatch, _ trial: Trial
    ) throws -> UnitTiming? {
        let machine = trial.machine
        let towers = StageDefinitions.of(stage, in: plan).towers.filter { $0.depth > 1 }
        let shallow = towers.reduce((plan, stage)) { $1.setting(1, $0.0, $0.1) }
        let perSample = machine.seconds(ofUnit: shallow.1, in: shallow.0, samples: 1)
        var samples = min(batch.count, max(2 * machine.threads, Int(Self.budgetSeconds / perSample)))
        let deepest = towers.reduce((plan, stage)) { $1.setting(2, $0.0, $0.1) }
        while try !trial.fits(deepest.0, deepest.1, samples: samples) {
            if samples == 1 { return nil }
            samples /= 2
        }
        let part = batch.part(0..<samples)
        let base = try trial.time(shallow.0, shallow.1, part)
        var whole = base
        for tower in towers {
            let deeper = tower.setting(2, shallow.0, shallow.1)
            let added = try trial.time(deeper.0, deeper.1, part)
            let further = Double(tower.depth - 1)
            whole.first += further * max(0, added.first - base.first)
            whole.other += further * max(0, added.other - base.other)
        }
        let preparing = max(0, whole.first - whole.other)
        let other = whole.other * Double(batch.count) / Double(samples)
        return UnitTiming(first: other + preparing, other: other)
    }

    fileprivate init(first: Double, other: Double) { (self.first, self.other) = (first, other) }
}

extension ForecastMachine {
    /// Seconds of a unit's products alone, on one trainer.
    fileprivate func seconds(ofUnit stage: StagePlan, in plan: Plan, samples: Int) -> Double {
        let cost = StageCost(plan: plan, stage: stage, parameters: 0, trainable: 0)
        return Double(samples) * cost.operationsPerSample * Double(trainersAtOnce) / productRate
    }
}

/// Times units as all trainers of this machine compute them side by side.
private struct Trial {
    let machine: ForecastMachine
    let choice: MemoryChoice

    /// Timing may take this much, and half of what the system has free.
    private static let bytesMax = 2 << 30

    /// Whether so many samples of a unit can be computed here, by all trainers at once.
    func fits(_ plan: Plan, _ stage: StagePlan, samples: Int) throws -> Bool {
        let part = StageDefinitions.of(stage, in: plan).sized(samples: samples)
        let memory = try StageMemory(
            plan: plan, stage: part, compute: machine.compute, threads: machine.threads, keeps: choice.keeps,
            keepsPackedWeights: choice.keepsPackedWeights)
        let needed = machine.trainersAtOnce * (memory.unitBytes + memory.weightBytes)
        return needed <= min(Self.bytesMax, machine.freeBytes / 2)
    }

    func time(_ plan: Plan, _ stage: StagePlan, _ batch: UnitBatch) throws -> UnitTiming {
        let outcomes = Mutex<[Result<UnitTiming, any Error>]>([])
        ComputePool(threads: machine.trainersAtOnce).run(machine.trainersAtOnce) { _, _ in
            let outcome = Result { try timeOne(plan, stage, batch) }
            outcomes.withLock { $0.append(outcome) }
        }
        let timings = try outcomes.withLock { try $0.map { try $0.get() } }
        let count = Double(timings.count)
        return UnitTiming(
            first: timings.reduce(0) { $0 + $1.first } / count, other: timings.reduce(0) { $0 + $1.other } / count)
    }

    private func timeOne(_ plan: Plan, _ stage: StagePlan, _ batch: UnitBatch) throws -> UnitTiming {
        guard let backend = ComputeBackend.make(machine.compute, threads: machine.threads, operands: machine.operands)
        else { return UnitTiming(first: 0, other: 0) }
        let units = (stage.unitsPerStep + machine.trainersAtOnce - 1) / machine.trainersAtOnce
        let trial = StageTrial(
            plan: plan, stage: stage, batch: batch, backend: backend, keeps: choice.keeps,
            keepsPackedWeights: choice.keepsPackedWeights, repeatsEmbedding: choice.keptUnits + 1 < units)
        // Units wait for each other between phases, so that all of a step are timed together.
        let count = StageDefinitions.of(stage, in: plan).phases.countOfEach > 1 ? units : 1
        // Makes the buffers.
        try trial.compute(units: count)
        var (fresh, others) = ([Double](), [Double]())
        let start = Moment.now()
        repeat {
            trial.begin()
            fresh.append(try seconds { try trial.compute(units: count) })
            others.append(try seconds { try trial.compute(units: count) })
        } while others.count < 2 || Moment.now().seconds(since: start) < UnitTiming.budgetSeconds
        let other = Self.median(others) / Double(count)
        return UnitTiming(first: other + max(0, Self.median(fresh) - Self.median(others)), other: other)
    }

    private static func median(_ values: [Double]) -> Double { values.sorted()[(values.count - 1) / 2] }

    private func seconds(of work: () throws -> Void) rethrows -> Double {
        let start = Moment.now()
        try work()
        return Moment.now().seconds(since: start)
    }
}
