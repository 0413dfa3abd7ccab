import MawsDataFiles
import MawsHash
import MawsImages
import MawsPlan
import MawsTensor

/// Makes the unit batches of one stage: each a pure function of (plan, stage, data, step, unit).
///
/// An unreadable sample is replaced by the next readable one of its split when training; an evaluation leaves it out,
/// so that no sample counts twice, and the unit is that much shorter. Thread-safe: a prefetch thread may call it beside
/// the one that computes.
package final class BatchLoader: Sendable {
    /// Units of an evaluation stage; of a step for a training stage.
    package let unitCount: Int
    /// SHA-256 in hex over the samples of every split the stage reads, in the order and number it reads them in.
    package let fingerprint: String
    /// Samples of the split the stage is `on`, as it counts them: excluded ones left out, repeated ones repeated.
    package let sampleCount: Int
    /// Whether some of it lies on other machines.
    package let isRemote: Bool
    private let stage: StagePlan
    /// In the order units run through them: trainSplit, then on.
    private let sources: [Source]
    private let log = SkipLog()
    private let order: SampleOrder
    /// How samples are cut into units that are gone through once.
    private let units: EvaluationUnits
    /// How a unit's samples are mixed; nil: they are not.
    private let mixing: UnitMixing?
    private let inputs: [InputSpecification]
    private let imageSize: Int
    /// Whether units are slots of steps in the stage's order; otherwise they go through the samples once.
    private let trains: Bool

    /// - Parameters:
    ///   - root: folder that the plan's relative paths are relative to.
    ///   - classes: of the plan, where evaluations compare splits; nil: each split numbers its own.
    ///   - inOrder: goes through the samples once, one after the other and without augmentation, as an evaluation does,
    ///     whatever the stage does.
    package init(
        plan: Plan, stage: StagePlan, stageIndex: UInt32, root: String, access: DataAccess = .ofThisMachine,
        classes: PlanClasses? = nil, inOrder: Bool = false
    ) throws {
        self.stage = stage
        let trains = stage.trains && !inOrder
        self.trains = trains
        (inputs, imageSize) = (stage.inputs(in: plan), stage.image(in: plan).size)
        let augment = trains ? stage.recipe?.augment : nil
        let transform = try ImageTransform(
            model: stage.image(in: plan), resize: augment?.resize ?? stage.evalCrop, augment: augment, seed: plan.seed,
            stage: stage.name, stageIndex: stageIndex)
        mixing = augment.flatMap { UnitMixing($0, seed: plan.seed, stageIndex: stageIndex) }
        let splits = try stage.splits.map { try Self.split($0, plan, stage) }
        var datasets = try splits.map { try Dataset($0, root: root, access: access) }
        if let classes { datasets = datasets.map { Dataset($0, classes: classes.numbers) } }
        sources = try zip(splits, datasets).map { [log] in
            try Source($0, $1, plan: plan, stage: stage, inOrder: !trains, root: root, transform: transform, log: log)
        }
        sampleCount = sources.last?.positions.count ?? 0
        isRemote = sources.contains { $0.dataset.remoteFiles.contains { $0 != nil } }
        order = SampleOrder(
            plan: plan, stage: stage, stageIndex: stageIndex, shards: sources.last?.shardPositions ?? [])
        units = EvaluationUnits(unit: stage.unit, splits: sources.map(\.positions))
        unitCount = trains ? stage.unitsPerStep : units.count
        let fingerprints = sources.map(\.positions.fingerprint)
        fingerprint =
            fingerprints.count == 1
            ? fingerprints[0] : Hash.hexadecimal(of: Array(fingerprints.joined(separator: "\n").utf8))
    }

    private static func split(_ name: String, _ plan: Plan, _ stage: StagePlan) throws -> DataSplitPlan {
        guard let split = plan.split(name) else {
            throw DataError.stage(name: stage.name, problem: "reads split '\(name)', which the plan does not have")
        }
        return split
    }

    /// Unreadable samples met so far, each once, in the order they were met.
    package var skipped: [SkippedSample] { log.samples }

    /// The batch of one unit.
    /// - Parameters:
    ///   - step: of a training stage; evaluation stages ignore it.
    ///   - unit: 0..<unitCount.
    ///   - excluded: samples of the split that are excluded from this unit as if their content were unreadable.
    ///   - features: of the view of this number, where they are known; its image is not read then.
    package func batch(
        step: UInt64, unit: Int, excluded: [UInt64] = [], features: (_ view: UInt64) -> [Float]? = { _ in nil }
    ) throws -> UnitBatch {
        precondition(unit >= 0 && unit < unitCount)
        let excluded = Set(excluded.map { Int(clamping: $0) })
        return trains
            ? try trainingBatch(step: step, unit: unit, excluded: excluded, features: features)
            : try evaluationBatch(unit: unit, excluded: excluded)
    }

    /// Views of all samples of the split, where they are fixed.
    package var viewCount: Int? { stage.needs.fixedViews.map { $0 * sampleCount } }

    /// With fixed views a sample's views take turns from epoch to epoch; each repetition of it has views of its own.
    private func view(slot: UInt64, position: Int) -> UInt64 {
        guard let views = stage.needs.fixedViews.map(UInt64.init) else { return slot }
        return UInt64(position) * views + slot / UInt64(sampleCount) % views
    }

    private func trainingBatch(
        step: UInt64, unit: Int, excluded: Set<Int>, features: (_ view: UInt64) -> [Float]?
    ) throws -> UnitBatch {
        let first = step * UInt64(stage.batch) + UInt64(unit * stage.unit)
        var builder = UnitBatchBuilder(capacity: stage.unit, inputs, stage.needs.target)
        let resizer = ImageResizer()
        let wanted = (first..<first + UInt64(stage.unit)).map { slot in
            let position = order.index(slot: slot)
            return (slot: slot, position: position, features: features(view(slot: slot, position: position)))
        }
        sources[0].prefetch(wanted.filter { $0.features == nil }.map(\.position), excluded: excluded)
        for (slot, start, known) in wanted {
            for offset in 0... {
                try sources[0].checkSomeAreReadable(tried: offset)
                let position = (start + offset) % sampleCount
                let index = sources[0].positions.index(position)
                let view = view(slot: slot, position: position)
                guard !excluded.contains(index) else { continue }
                let place = SamplePlace(index: index, slot: slot, view: view)
                let known = offset == 0 ? known : features(view)
                if try sources[0].load(place, features: known, with: resizer, into: &builder) { break }
            }
        }
        var batch = builder.build()
        if let mixing { batch.mix(mixing.draw(firstSlot: first, size: imageSize)) }
        return batch
    }

    private func evaluationBatch(unit: Int, excluded: Set<Int>) throws -> UnitBatch {
        let (split, positions) = units.positions(of: unit)
        let source = sources[split]
        var builder = UnitBatchBuilder(capacity: stage.unit, inputs, stage.needs.target)
        let resizer = ImageResizer()
        for position in positions {
            let (index, slot) = (source.positions.index(position), UInt64(position))
            guard !excluded.contains(index) else { continue }
            let place = SamplePlace(index: index, slot: slot, view: slot)
            _ = try source.load(place, features: nil, with: resizer, into: &builder)
        }
        var batch = builder.build()
        batch.keys = try batch.samples.map(source.dataset.key)
        return batch
    }
}

/// A sample of a data set, for a slot of the stage.
private struct SamplePlace {
    var index: Int
    var slot: UInt64
    var view: UInt64
}

/// One split as a stage reads it.
private struct Source {
    let dataset: Dataset
    let positions: SamplePositions
    let inputs: StageInputs
    let skips: SkipRecord

    init(
        _ split: DataSplitPlan, _ dataset: Dataset, plan: Plan, stage: StagePlan, inOrder: Bool, root: String,
        transform: ImageTransform, log: SkipLog
    ) throws {
        self.dataset = dataset
        inputs = try StageInputs(
            plan: plan, stage: stage, split: split, root: root, transform: transform, inOrder: inOrder)
        positions = try SamplePositions(
            dataset, split: split, root: root, resamples: !inOrder, vocabulary: inputs.vocabulary)
        skips = SkipRecord(dataset, limit: split.skipLimit, log: log)
    }

    var shardPositions: [Int] { positions.groups(ofSamples: dataset.starts.sizes) }

    func prefetch(_ wanted: [Int], excluded: Set<Int>) {
        dataset.prefetch(wanted.map(positions.index).filter { !excluded.contains($0) })
    }

    /// Adds the sample to the unit. False, and counted, when its content cannot be used.
    /// - Parameter features: what is known of the image; it is not read then.
    func load(
        _ place: SamplePlace, features: [Float]?, with resizer: ImageResizer, into builder: inout UnitBatchBuilder
    ) throws -> Bool {
        let index = place.index
        if try skips.contains(index) { return false }
        do {
            let parts = features == nil ? inputs.parts : inputs.parts.subtracting([.image])
            let sample = try dataset.sample(index, parts: parts, required: inputs.requiredParts)
            builder.begin()
            try inputs.write(
                sample, view: place.view, features: features, with: resizer, into: &builder.inputs)
            builder.append(slot: place.slot, view: place.view, index: index, sample, inputs.vocabulary)
            return true
        } catch DataError.image(let problem) {
            try skips.add(index, dataset.place(index, reason: "the image \(problem)"))
        } catch DataError.sample(let sample) {
            try skips.add(index, sample)
        } catch DataError.remote(_, let offset, let problem) {
            throw unreachable(index, slot: place.slot, reason: "\(problem), at byte \(offset)")
        } catch DataError.shard(_, let offset, let problem) {
            throw unreachable(index, slot: place.slot, reason: "\(problem), at byte \(offset)")
        }
        return false
    }

    private func unreachable(_ index: Int, slot: UInt64, reason: String) -> DataError {
        .unreachable(
            UnreachableSample(slot: slot, index: index, sample: dataset.place(index, reason: reason)))
    }

    /// A limit of 1 allows every sample to be unreadable, but then there is nothing to replace them with.
    /// - Parameter tried: positions that were tried for a slot in vain.
    func checkSomeAreReadable(tried: Int) throws {
        guard tried > 0, skips.sampleCount == positions.sampleCount || tried >= positions.count else { return }
        throw DataError.tooManySkipped(
            split: dataset.name, skipped: skips.sampleCount, allowed: skips.sampleCount - 1,
            samples: skips.sampleCount,
            list: [dataset.place(dataset.count - 1, reason: "unreadable, as all the others")])
    }
}
